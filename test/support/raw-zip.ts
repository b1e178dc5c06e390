import { crc32, deflateRawSync } from 'node:zlib';

/** The fields that a local header and a directory entry have in common. Any may be a lie. */
export interface RawFields {
  flags: number;
  method: number;
  crc32: number;
  compressedBytes: number;
  unpackedBytes: number;
  name: Buffer;
  extra: Buffer;
}

export interface RawEntry {
  name: string | Buffer;
  content?: Buffer;
  deflate?: boolean;
  /** What the file holds, if it is not the content, as it is or deflated. */
  data?: Buffer;
  /** Size and checksum behind the data, zeros before it, as a stream writes them. */
  descriptor?: boolean;
  local?: Partial<RawFields>;
  central?: Partial<RawFields & RawCentralFields>;
}

interface RawCentralFields {
  madeBy: number;
  externalAttributes: number;
  offset: number;
  comment: Buffer;
}

export interface RawEnd {
  disk: number;
  count: number;
  directoryBytes: number;
  directoryOffset: number;
  comment: Buffer;
}

export interface RawZip {
  entries: readonly RawEntry[];
  end?: Partial<RawEnd>;
  /** Before the first local header; offsets count it. */
  before?: Buffer;
  /** Between the directory and its end record. */
  beforeEnd?: (directoryOffset: number) => Buffer;
  after?: Buffer;
}

const NOTHING = Buffer.alloc(0);
const UTF8 = 0x0800;
const HAS_DESCRIPTOR = 0x0008;
const DEFLATED = 8;

/** A ZIP in which every field can be a lie (APPNOTE.TXT 4.3). yazl and its like refuse to write such. */
export function buildRawZip({ entries, end, before = NOTHING, beforeEnd, after = NOTHING }: RawZip): Buffer {
  const bodies: Buffer[] = [before];
  const directory: Buffer[] = [];
  let offset = before.length;
  for (const entry of entries) {
    const { fields, data } = describe(entry);
    const body = Buffer.concat([localHeader(entry, fields), data, entry.descriptor ? descriptor(fields) : NOTHING]);
    directory.push(centralHeader({ ...defaults(entry, offset), ...fields, ...entry.central }));
    bodies.push(body);
    offset += body.length;
  }
  const directoryBytes = Buffer.concat(directory);
  const sizes = { count: entries.length, directoryBytes: directoryBytes.length, directoryOffset: offset };
  const extra = beforeEnd?.(offset + directoryBytes.length) ?? NOTHING;
  return Buffer.concat([
    ...bodies,
    directoryBytes,
    extra,
    endRecord({ disk: 0, comment: NOTHING, ...sizes, ...end }),
    after,
  ]);
}

function describe({ name, content = NOTHING, deflate = false, data, descriptor }: RawEntry) {
  const stored = data ?? (deflate ? deflateRawSync(content) : content);
  const fields: RawFields = {
    flags: UTF8 | (descriptor ? HAS_DESCRIPTOR : 0),
    method: deflate ? DEFLATED : 0,
    crc32: crc32(content),
    compressedBytes: stored.length,
    unpackedBytes: content.length,
    name: Buffer.from(name),
    extra: NOTHING,
  };
  return { fields, data: stored };
}

function defaults(entry: RawEntry, offset: number): RawCentralFields {
  const isFolder = entry.name.toString().endsWith('/');
  return { madeBy: 3 << 8, externalAttributes: (isFolder ? 0o040755 : 0o100644) * 2 ** 16, offset, comment: NOTHING };
}

function localHeader({ descriptor, local }: RawEntry, fields: RawFields): Buffer {
  const unknown = descriptor ? { crc32: 0, compressedBytes: 0, unpackedBytes: 0 } : {};
  const header = { ...fields, ...unknown, ...local };
  const fixed = Buffer.alloc(30);
  fixed.writeUInt32LE(0x04034b50, 0);
  writeCommon(fixed, 4, header);
  return Buffer.concat([fixed, header.name, header.extra]);
}

function centralHeader(header: RawFields & RawCentralFields): Buffer {
  const fixed = Buffer.alloc(46);
  fixed.writeUInt32LE(0x02014b50, 0);
  fixed.writeUInt16LE(header.madeBy | 20, 4);
  writeCommon(fixed, 6, header);
  fixed.writeUInt16LE(header.comment.length, 32);
  fixed.writeUInt32LE(header.externalAttributes, 38);
  fixed.writeUInt32LE(header.offset, 42);
  return Buffer.concat([fixed, header.name, header.extra, header.comment]);
}

/** From "version needed to extract" to "extra field length"; the time is midnight of 1 January 1980. */
function writeCommon(header: Buffer, at: number, fields: RawFields): void {
  header.writeUInt16LE(20, at);
  header.writeUInt16LE(fields.flags, at + 2);
  header.writeUInt16LE(fields.method, at + 4);
  header.writeUInt16LE(0x0021, at + 8);
  header.writeUInt32LE(fields.crc32, at + 10);
  header.writeUInt32LE(fields.compressedBytes, at + 14);
  header.writeUInt32LE(fields.unpackedBytes, at + 18);
  header.writeUInt16LE(fields.name.length, at + 22);
  header.writeUInt16LE(fields.extra.length, at + 24);
}

function descriptor({ crc32, compressedBytes, unpackedBytes }: RawFields): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt32LE(0x08074b50, 0);
  record.writeUInt32LE(crc32, 4);
  record.writeUInt32LE(compressedBytes, 8);
  record.writeUInt32LE(unpackedBytes, 12);
  return record;
}

export function endRecord({ disk, count, directoryBytes, directoryOffset, comment }: RawEnd): Buffer {
  const fixed = Buffer.alloc(22);
  fixed.writeUInt32LE(0x06054b50, 0);
  fixed.writeUInt16LE(disk, 4);
  fixed.writeUInt16LE(disk, 6);
  fixed.writeUInt16LE(count % 65_536, 8);
  fixed.writeUInt16LE(count % 65_536, 10);
  fixed.writeUInt32LE(directoryBytes, 12);
  fixed.writeUInt32LE(directoryOffset, 16);
  fixed.writeUInt16LE(comment.length, 20);
  return Buffer.concat([fixed, comment]);
}

/** An extra field with an id (APPNOTE.TXT 4.5.1). */
export function extraField(id: number, data: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(data.length, 2);
  return Buffer.concat([head, data]);
}

/** 8-byte numbers, for the ZIP64 extra field (id 1) and its kin. */
export function uint64s(...values: bigint[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(value, 8 * index);
  return bytes;
}

export interface Zip64End {
  count: bigint;
  directoryBytes: bigint;
  directoryOffset: bigint;
}

/** ZIP64's end record and the locator that says where it is (APPNOTE.TXT 4.3.14, 4.3.15). */
export function zip64End(end: Zip64End, recordOffset: bigint): Buffer {
  const record = Buffer.alloc(24);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(45, 12);
  record.writeUInt16LE(45, 14);
  const locator = Buffer.alloc(8);
  locator.writeUInt32LE(0x07064b50, 0);
  const disks = Buffer.from([1, 0, 0, 0]);
  const facts = uint64s(end.count, end.count, end.directoryBytes, end.directoryOffset);
  return Buffer.concat([record, facts, locator, uint64s(recordOffset), disks]);
}
