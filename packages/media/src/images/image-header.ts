import { readFile, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { JobError, type FrameSize } from '@tapedeck/contracts';

export type ImageFormat = 'png' | 'webp';

export interface ImageHeader extends FrameSize {
  format: ImageFormat;
}

/** More than any encoder makes of a frame; a file is read whole to be checked. */
const MAX_IMAGE_BYTES = 128 * 1024 * 1024;

/**
 * Size and format of a frame, read by us before any decoder sees the file: a decoder allocates what the header
 * promises, and a kilobyte can promise a gigabyte.
 * @throws JobError ARCHIVE_FRAME_INVALID when it is neither a whole PNG nor a still WebP.
 */
export async function readImageHeader(path: string, name: string): Promise<ImageHeader> {
  const { size } = await stat(path);
  if (size > MAX_IMAGE_BYTES) {
    throw new JobError('ARCHIVE_FRAME_INVALID', `${name}: expected at most ${MAX_IMAGE_BYTES} bytes, got ${size}`);
  }
  return parseImageHeader(await readFile(path), name);
}

/** @see readImageHeader */
export function parseImageHeader(bytes: Buffer, name: string): ImageHeader {
  const header = parsePng(bytes) ?? parseWebp(bytes);
  if (typeof header === 'string') throw new JobError('ARCHIVE_FRAME_INVALID', `${name}: ${header}`);
  if (!header) throw new JobError('ARCHIVE_FRAME_INVALID', `${name}: expected a PNG or WebP signature`);
  return header;
}

const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** Signature, then the IHDR chunk: length, type, 13 bytes of data, CRC (PNG, third edition, 5.2 and 11.2.1). */
const PNG_HEADER_BYTES = 33;

/** The header, a reason why it is a broken PNG, or undefined when it is no PNG at all. */
function parsePng(bytes: Buffer): ImageHeader | string | undefined {
  if (!bytes.subarray(0, 8).equals(PNG_SIGNATURE)) return undefined;
  if (bytes.length < PNG_HEADER_BYTES) return 'the PNG ends inside its header';
  const isIhdr = bytes.readUInt32BE(8) === 13 && bytes.toString('latin1', 12, 16) === 'IHDR';
  if (!isIhdr) return 'the PNG does not begin with IHDR';
  return findPngFlaw(bytes) ?? sized('png', bytes.readUInt32BE(16), bytes.readUInt32BE(20));
}

/** Length, type and CRC of a chunk, around its data. */
const PNG_CHUNK_FRAME_BYTES = 12;

/** Walks the chunks from IHDR to IEND. A decoder that finds a picture cut off may show what it has and say nothing. */
function findPngFlaw(bytes: Buffer): string | undefined {
  let hasPixels = false;
  let offset = PNG_SIGNATURE.length;
  while (offset + PNG_CHUNK_FRAME_BYTES <= bytes.length) {
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    const dataBytes = bytes.readUInt32BE(offset);
    const end = offset + PNG_CHUNK_FRAME_BYTES + dataBytes;
    if (end > bytes.length) break;
    const checksum = bytes.readUInt32BE(end - 4);
    if (crc32(bytes.subarray(offset + 4, end - 4)) !== checksum)
      return `the checksum of the PNG chunk ${JSON.stringify(type)} is wrong`;
    if (type === 'IEND') return hasPixels ? undefined : 'the PNG has no pixels';
    hasPixels ||= type === 'IDAT';
    offset = end;
  }
  return 'the PNG is cut off';
}

/** Flags, then width and height less one, three bytes each (RFC 9649, 2.7). */
const CANVAS_BYTES = 10;

/** RIFF: `RIFF`, size, `WEBP`, then chunks of type, size and data padded to even (RFC 9649, 2.3 to 2.7). */
function parseWebp(bytes: Buffer): ImageHeader | string | undefined {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WEBP') return undefined;
  let canvas: FrameSize | undefined;
  let offset = 12;
  while (offset + 18 <= bytes.length) {
    const type = bytes.toString('latin1', offset, offset + 4);
    const dataBytes = bytes.readUInt32LE(offset + 4);
    const data = bytes.subarray(offset + 8, offset + 8 + dataBytes);
    if (data.length < dataBytes) return 'the WebP is cut off';
    if (type === 'ANIM' || type === 'ANMF') return 'expected a still WebP, got an animated one';
    if (type === 'VP8X' && dataBytes < CANVAS_BYTES) return 'the canvas of the WebP has no size';
    if (type === 'VP8X') canvas = { width: data.readUIntLE(4, 3) + 1, height: data.readUIntLE(7, 3) + 1 };
    const picture = readWebpPicture(type, data);
    if (picture) return matchCanvas(picture, canvas);
    offset += 8 + dataBytes + (dataBytes % 2);
  }
  return 'the WebP has no picture';
}

/** The size in a `VP8 ` key frame or in a `VP8L` header; undefined for any other chunk. */
function readWebpPicture(type: string, data: Buffer): FrameSize | undefined {
  if (type === 'VP8 ' && data.length >= 10) {
    return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff };
  }
  if (type === 'VP8L' && data.length >= 5) {
    const bits = data.readUInt32LE(1);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  return undefined;
}

/** A decoder believes the picture, a reader of headers the canvas: they must say the same. */
function matchCanvas(picture: FrameSize, canvas: FrameSize | undefined): ImageHeader | string {
  const { width, height } = picture;
  if (canvas && (canvas.width !== width || canvas.height !== height)) {
    return `expected a picture of the canvas's size ${canvas.width}x${canvas.height}, got ${width}x${height}`;
  }
  return sized('webp', width, height);
}

function sized(format: ImageFormat, width: number, height: number): ImageHeader | string {
  if (width === 0 || height === 0) return `expected a size above zero, got ${width}x${height}`;
  return { format, width, height };
}
