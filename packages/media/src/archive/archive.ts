import { createWriteStream } from 'node:fs';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { asJobError, JobError } from '@tapedeck/contracts';
import yauzl from 'yauzl';
import { assertArchiveAllowed, assertEntryCount, type ArchiveLimits, type EntryFacts } from './policy.ts';

export interface Archive {
  /** The files, in the order of the central directory; folders and the archiver's own notes are left out. */
  fileNames: readonly string[];
  /** Streams one file to `path`, counting its bytes and its CRC-32. */
  extract(name: string, path: string, signal: AbortSignal): Promise<void>;
  /** A small file as text. @throws JobError ARCHIVE_TOO_LARGE above `maxBytes`, before anything is inflated. */
  readText(name: string, maxBytes: number, signal: AbortSignal): Promise<string>;
  close(): void;
}

/**
 * Opens a ZIP file and holds its directory against the policy. Nothing is inflated yet.
 * @throws JobError ARCHIVE_… when it is not a ZIP, or one that the policy refuses.
 */
export async function openArchive(path: string, limits: ArchiveLimits): Promise<Archive> {
  const zip = await yauzl
    .openPromise(path, { autoClose: false, lazyEntries: true })
    .catch((error: unknown) => throwInvalid(error));
  try {
    assertEntryCount(zip.entryCount, limits);
    const entries = await readDirectory(zip);
    assertArchiveAllowed(entries.map(toFacts), limits);
    return createArchive(zip, entries);
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function readDirectory(zip: yauzl.ZipFile): Promise<yauzl.Entry[]> {
  const entries: yauzl.Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) entries.push(entry);
  } catch (error) {
    throwInvalid(error);
  }
  return entries;
}

/** yauzl's message may quote a name, never a path of ours. A name that it refuses is the policy's business. */
function throwInvalid(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'syscall' in error) throw asJobError(error);
  const isName = /invalid relative path|absolute path|invalid characters in fileName/.test(message);
  throw new JobError(isName ? 'ARCHIVE_ENTRY_REFUSED' : 'ARCHIVE_INVALID', message, { cause: error });
}

const MADE_BY_UNIX = 3;

function toFacts(entry: yauzl.Entry): EntryFacts {
  const isUnix = entry.versionMadeBy >>> 8 === MADE_BY_UNIX;
  return {
    name: entry.fileName,
    compressedBytes: entry.compressedSize,
    unpackedBytes: entry.uncompressedSize,
    compressionMethod: entry.compressionMethod,
    encrypted: entry.isEncrypted(),
    unixMode: isUnix ? entry.externalFileAttributes >>> 16 : 0,
    localHeaderOffset: entry.relativeOffsetOfLocalHeader,
  };
}

function isUserFile(name: string): boolean {
  const parts = name.split('/');
  return !name.endsWith('/') && parts[0] !== '__MACOSX' && !parts.at(-1)!.startsWith('._');
}

function createArchive(zip: yauzl.ZipFile, entries: yauzl.Entry[]): Archive {
  const byName = new Map(entries.map((entry) => [entry.fileName, entry]));
  const find = (name: string): yauzl.Entry => {
    const entry = byName.get(name);
    if (!entry) throw new Error(`no entry ${name}`);
    return entry;
  };
  return {
    fileNames: entries.map((entry) => entry.fileName).filter(isUserFile),
    async extract(name, path, signal) {
      await inflate(zip, find(name), () => createWriteStream(path), signal);
    },
    async readText(name, maxBytes, signal) {
      const entry = find(name);
      if (entry.uncompressedSize > maxBytes) {
        const message = `${name}: expected at most ${maxBytes} bytes, got ${entry.uncompressedSize}`;
        throw new JobError('ARCHIVE_TOO_LARGE', message);
      }
      const chunks: Buffer[] = [];
      const collect = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          chunks.push(chunk);
          done();
        },
      });
      collect.resume();
      await inflate(zip, entry, () => collect, signal);
      return Buffer.concat(chunks).toString('utf8');
    },
    close: () => zip.close(),
  };
}

/** The one way out of an archive: what arrives in `sink` has the size and the CRC-32 that the directory declares. */
async function inflate(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  // Opened after the source: a source that fails to open must leave no file behind that nobody closes.
  openSink: () => NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<void> {
  let bytes = 0;
  let checksum = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      checksum = crc32(chunk, checksum);
      done(bytes > entry.uncompressedSize ? new Error('more bytes than declared') : null, chunk);
    },
  });
  try {
    const source: Readable = await zip.openReadStreamPromise(entry);
    await pipeline(source, count, openSink(), { signal });
  } catch (error) {
    signal.throwIfAborted();
    // A system call that failed is our disk's fault, not the archive's.
    if (error instanceof Error && 'syscall' in error) throw asJobError(error);
    throw corrupt(entry, error instanceof Error ? error.message : String(error), error);
  }
  if (bytes !== entry.uncompressedSize) {
    throw corrupt(entry, `expected ${entry.uncompressedSize} bytes, got ${bytes}`);
  }
  if (checksum !== entry.crc32) {
    throw corrupt(entry, `expected CRC-32 ${entry.crc32.toString(16)}, got ${checksum.toString(16)}`);
  }
}

function corrupt(entry: yauzl.Entry, reason: string, cause?: unknown): JobError {
  return new JobError('ARCHIVE_CORRUPT', `entry ${JSON.stringify(entry.fileName)}: ${reason}`, { cause });
}
