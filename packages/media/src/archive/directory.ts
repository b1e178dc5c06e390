import type { FileHandle } from 'node:fs/promises';
import { JobError } from '@tapedeck/contracts';
import yauzl from 'yauzl';
import { createBoundedReader, readRange } from './bounded-reader.ts';
import { assertEntryCount, type ArchiveLimits, type EntryFacts } from './policy.ts';

/** One entry as the central directory tells it. Only what is used is kept: an entry can bring 192 KB of other fields. */
export interface ArchiveEntry extends EntryFacts {
  /** As written, to be compared with the local header's. */
  rawName: Buffer;
  crc32: number;
}

/**
 * Names, extra fields and comments of all entries together: 800 bytes for each of 20,000 entries, of which real ones use
 * a hundred. Without a bound a directory may have 192 KB an entry, and a reader of it needs gigabytes.
 */
const MAX_DIRECTORY_BYTES = 16 * 1024 * 1024;

/**
 * Reads the central directory. What the policy thinks of the entries is not asked yet.
 * @throws JobError ARCHIVE_… when there is none, or none that can be held in memory.
 */
export async function readDirectory(file: FileHandle, limits: ArchiveLimits): Promise<ArchiveEntry[]> {
  const { size } = await file.stat();
  const zip = await yauzl
    // Strict: otherwise a backslash is made a slash, and the policy does not see the name that was written.
    .fromRandomAccessReaderPromise(createBoundedReader(file, size), size, { strictFileNames: true })
    .catch(throwRefused);
  assertEntryCount(zip.entryCount, limits);
  // The types call this number a boolean.
  const startsAt = Number(zip.readEntryCursor);
  const { entries, directoryBytes } = await collectEntries(zip).catch(throwRefused);
  await assertDirectoryEnds(file, startsAt + directoryBytes);
  return setBorders(entries, startsAt);
}

/** A fixed part, then name, extra field and comment (APPNOTE.TXT 4.3.12). */
const FIXED_BYTES = 46;

async function collectEntries(zip: yauzl.ZipFile): Promise<{ entries: ArchiveEntry[]; directoryBytes: number }> {
  const entries: ArchiveEntry[] = [];
  let directoryBytes = 0;
  for await (const entry of zip.eachEntry()) {
    directoryBytes += FIXED_BYTES + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
    if (directoryBytes > MAX_DIRECTORY_BYTES) {
      const message = `expected a directory of at most ${MAX_DIRECTORY_BYTES} bytes, got more by entry ${entries.length}`;
      throw new JobError('ARCHIVE_TOO_LARGE', message, { details: { index: entries.length } });
    }
    entries.push(toArchiveEntry(entry));
  }
  return { entries, directoryBytes };
}

function toArchiveEntry(entry: yauzl.Entry): ArchiveEntry {
  return {
    name: entry.fileName,
    // A copy: the original is a window on memory that also holds what is not kept.
    rawName: Buffer.from(entry.fileNameRaw),
    compressedBytes: entry.compressedSize,
    unpackedBytes: entry.uncompressedSize,
    compressionMethod: entry.compressionMethod,
    encrypted: entry.isEncrypted(),
    // Whoever made the archive: a writer may set the mode and say that it is not Unix.
    unixMode: entry.externalFileAttributes >>> 16,
    localHeaderOffset: entry.relativeOffsetOfLocalHeader,
    endsBefore: 0,
    crc32: entry.crc32,
  };
}

/** The end of central directory record, that of ZIP64, or a signature in front of them (APPNOTE.TXT 4.3.13 to 4.3.16). */
const AFTER_THE_DIRECTORY = [0x06054b50, 0x06064b50, 0x05054b50];

/** More entries than are counted would be frames that are left out without a word. */
async function assertDirectoryEnds(file: FileHandle, offset: number): Promise<void> {
  const signature = (await readRange(file, offset, 4)).readUInt32LE();
  if (AFTER_THE_DIRECTORY.includes(signature)) return;
  throw new JobError('ARCHIVE_INVALID', `expected the end of the directory at byte ${offset}, got something else`);
}

/** Everything between an entry's local header and the next one's, or the directory, may be that entry's. */
function setBorders(entries: ArchiveEntry[], directoryOffset: number): ArchiveEntry[] {
  let endsBefore = directoryOffset;
  for (const entry of entries.toSorted((a, b) => b.localHeaderOffset - a.localHeaderOffset)) {
    entry.endsBefore = endsBefore;
    endsBefore = entry.localHeaderOffset;
  }
  return entries;
}

/** yauzl's errors have no codes, only words. They may quote a name, never a path of ours. */
function throwRefused(error: unknown): never {
  if (error instanceof JobError) throw error;
  const message = error instanceof Error ? error.message : String(error);
  const isName = /invalid relative path|absolute path|invalid characters in fileName/.test(message);
  if (isName) throw new JobError('ARCHIVE_ENTRY_REFUSED', message, { cause: error });
  const isEncrypted = message.includes('strong encryption');
  throw new JobError(isEncrypted ? 'ARCHIVE_ENCRYPTED' : 'ARCHIVE_INVALID', message, { cause: error });
}
