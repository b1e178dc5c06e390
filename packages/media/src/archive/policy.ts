import { JobError } from '@tapedeck/contracts';

/**
 * What an archive may look like, decided from its central directory before a byte is inflated.
 * What this file accepts can be unpacked in bounded time and space: entries do not share bytes (asked again of the local
 * header), their sizes are declared (and counted again while inflating), and none of them is a link or has a name that
 * leads elsewhere.
 */
export interface ArchiveLimits {
  maxEntries: number;
  /** Sum of the unpacked sizes. */
  maxUnpackedBytes: number;
}

/** The facts of one central directory entry that the policy and the layout need. */
export interface EntryFacts {
  name: string;
  compressedBytes: number;
  unpackedBytes: number;
  compressionMethod: number;
  encrypted: boolean;
  /** Unix mode bits, 0 where the archiver wrote none. */
  unixMode: number;
  localHeaderOffset: number;
  /** Where the next entry or the directory begins: no byte of this one lies there or behind. */
  endsBefore: number;
}

const STORED = 0;
const DEFLATED = 8;
/** What is small may compress as well as it likes (silence, a blank frame); what is large at this ratio is a bomb. */
const MAX_RATIO = 100;
const ENTRY_RATIO_MATTERS_FROM_BYTES = 32 * 1024 * 1024;
/**
 * For all entries together, or a bomb would only have to be cut into pieces. 1,800 blank frames of 33 million pixels
 * come to 240 MB and shrink by more than a hundred once more: they are legal.
 */
const ARCHIVE_RATIO_MATTERS_FROM_BYTES = 256 * 1024 * 1024;

/** @throws JobError ARCHIVE_… naming the entry and the rule that it breaks. */
export function assertArchiveAllowed(entries: readonly EntryFacts[], limits: ArchiveLimits): void {
  assertEntryCount(entries.length, limits);
  for (const entry of entries) assertEntryAllowed(entry);
  assertUnpackedSize(entries, limits);
  assertNamesDistinct(entries);
  assertNoSharedBytes(entries);
}

/** Asked twice: of the declared count, before the directory is read, and of the entries that were in it. */
export function assertEntryCount(count: number, limits: ArchiveLimits): void {
  if (count > limits.maxEntries) {
    throw new JobError('ARCHIVE_TOO_MANY_ENTRIES', `expected at most ${limits.maxEntries}, got ${count}`);
  }
}

function assertEntryAllowed(entry: EntryFacts): void {
  assertNameAllowed(entry.name);
  if (entry.encrypted) throw new JobError('ARCHIVE_ENCRYPTED', `entry ${quote(entry.name)}`);
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    refuse(entry, `expected stored or deflated, got compression method ${entry.compressionMethod}`);
  }
  if (!isPlainFileOrFolder(entry.unixMode)) refuse(entry, 'expected a file, got a link or a device');
  if (entry.name.endsWith('/') && entry.unpackedBytes > 0) {
    refuse(entry, `expected a folder to be empty, got ${entry.unpackedBytes} bytes`);
  }
  assertRatio(entry, ENTRY_RATIO_MATTERS_FROM_BYTES, `entry ${quote(entry.name)}`);
}

function assertRatio(sizes: Pick<EntryFacts, 'compressedBytes' | 'unpackedBytes'>, fromBytes: number, what: string) {
  const ratio = sizes.unpackedBytes / Math.max(1, sizes.compressedBytes);
  if (sizes.unpackedBytes <= fromBytes || ratio <= MAX_RATIO) return;
  const message = `${what}: expected a ratio up to ${MAX_RATIO}, got ${Math.round(ratio)}`;
  throw new JobError('ARCHIVE_TOO_LARGE', message);
}

/** A backslash, a control character, or what stands in the place of bytes that are no UTF-8. */
const UNFIT = /[\\\p{Cc}\uFFFD]/u;

function assertNameAllowed(name: string): void {
  const parts = name.split('/');
  const isAbsolute = name.startsWith('/') || /^[a-z]:/i.test(name);
  if (isAbsolute || parts.includes('..') || UNFIT.test(name) || name.length > 1024) {
    throw new JobError('ARCHIVE_ENTRY_REFUSED', `expected a plain relative name, got ${quote(name)}`);
  }
}

const FILE_TYPE_MASK = 0o170000;
const REGULAR_FILE = 0o100000;
const FOLDER = 0o040000;

function isPlainFileOrFolder(unixMode: number): boolean {
  const type = unixMode & FILE_TYPE_MASK;
  return type === 0 || type === REGULAR_FILE || type === FOLDER;
}

function assertUnpackedSize(entries: readonly EntryFacts[], limits: ArchiveLimits): void {
  const sum = (field: 'compressedBytes' | 'unpackedBytes'): number =>
    entries.reduce((bytes, entry) => bytes + entry[field], 0);
  const sizes = { compressedBytes: sum('compressedBytes'), unpackedBytes: sum('unpackedBytes') };
  if (sizes.unpackedBytes > limits.maxUnpackedBytes) {
    const message = `expected at most ${limits.maxUnpackedBytes} bytes, got ${sizes.unpackedBytes}`;
    throw new JobError('ARCHIVE_TOO_LARGE', message);
  }
  assertRatio(sizes, ARCHIVE_RATIO_MATTERS_FROM_BYTES, 'all entries');
}

/** Two readers that disagree about which of two twins counts are how a check is passed by one file and another used. */
function assertNamesDistinct(entries: readonly EntryFacts[]): void {
  const seen = new Set<string>();
  for (const entry of entries) {
    const folded = entry.name.normalize('NFC').toLowerCase();
    if (seen.has(folded)) refuse(entry, 'expected every name once (upper and lower case are the same)');
    seen.add(folded);
  }
}

/** A local header without its name and extra field, which only its own bytes tell (APPNOTE.TXT 4.3.7). */
export const LOCAL_HEADER_BYTES = 30;

/**
 * Entries whose bytes overlap are how a small archive declares petabytes. This is what the directory knows; where the
 * data really begins is asked of the local header when the entry is opened.
 */
function assertNoSharedBytes(entries: readonly EntryFacts[]): void {
  const firstOffset = entries.reduce((first, entry) => Math.min(first, entry.localHeaderOffset), Infinity);
  if (entries.length > 0 && firstOffset !== 0) {
    throw new JobError('ARCHIVE_INVALID', 'expected the first entry at byte 0, got other data before it');
  }
  for (const entry of entries) {
    assertEndsBefore(entry, entry.localHeaderOffset + LOCAL_HEADER_BYTES + entry.compressedBytes);
  }
}

/** @throws JobError ARCHIVE_ENTRY_REFUSED when the entry's bytes reach into the next entry or into the directory. */
export function assertEndsBefore(entry: EntryFacts, endOffset: number): void {
  if (endOffset <= entry.endsBefore) return;
  refuse(entry, `expected its end by byte ${entry.endsBefore}, where something else begins, got ${endOffset}`);
}

export function refuse(entry: EntryFacts, reason: string): never {
  throw new JobError('ARCHIVE_ENTRY_REFUSED', `entry ${quote(entry.name)}: ${reason}`);
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
