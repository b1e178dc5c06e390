import type { FileHandle } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { asJobError, JobError } from '@tapedeck/contracts';
import type { ArchiveEntry } from './directory.ts';
import { locateData } from './local-header.ts';

const DEFLATED = 8;

/** The one way out of an archive: what arrives in `sink` has the size and the CRC-32 that the directory declares. */
export async function inflate(
  file: FileHandle,
  entry: ArchiveEntry,
  // Opened after the source: a source that fails to open must leave no file behind that nobody closes.
  openSink: () => NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<void> {
  const dataOffset = await locateData(file, entry);
  const source = Readable.from(readChunks(file, dataOffset, dataOffset + entry.compressedBytes));
  const counter = createCounter(entry);
  const steps = entry.compressionMethod === DEFLATED ? [createInflateRaw(), counter.stream] : [counter.stream];
  try {
    await pipeline([source, ...steps, openSink()], { signal });
  } catch (error) {
    signal.throwIfAborted();
    // A system call that failed is our disk's fault, not the archive's.
    if (error instanceof Error && 'syscall' in error) throw asJobError(error);
    throw corrupt(entry, error instanceof Error ? error.message : String(error), error);
  }
  const { bytes, checksum } = counter.result();
  if (bytes !== entry.unpackedBytes) throw corrupt(entry, `expected ${entry.unpackedBytes} bytes, got ${bytes}`);
  if (checksum !== entry.crc32) {
    throw corrupt(entry, `expected CRC-32 ${entry.crc32.toString(16)}, got ${checksum.toString(16)}`);
  }
}

const CHUNK_BYTES = 64 * 1024;

async function* readChunks(file: FileHandle, startOffset: number, endOffset: number): AsyncGenerator<Buffer> {
  for (let offset = startOffset; offset < endOffset;) {
    const length = Math.min(CHUNK_BYTES, endOffset - offset);
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(length), position: offset });
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    offset += bytesRead;
  }
}

function createCounter(entry: ArchiveEntry) {
  let bytes = 0;
  let checksum = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      checksum = crc32(chunk, checksum);
      done(bytes > entry.unpackedBytes ? new Error('more bytes than declared') : null, chunk);
    },
  });
  return { stream, result: () => ({ bytes, checksum }) };
}

function corrupt(entry: ArchiveEntry, reason: string, cause?: unknown): JobError {
  return new JobError('ARCHIVE_CORRUPT', `entry ${JSON.stringify(entry.name)}: ${reason}`, { cause });
}
