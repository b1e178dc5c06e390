import { createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { JobError } from '@tapedeck/contracts';
import { readDirectory, type ArchiveEntry } from './directory.ts';
import { inflate } from './inflate.ts';
import { assertArchiveAllowed, type ArchiveLimits } from './policy.ts';

export interface Archive {
  /** The files, in the order of the central directory; folders and the archiver's own notes are left out. */
  fileNames: readonly string[];
  /** Streams one file to `path`, counting its bytes and its CRC-32. */
  extract(name: string, path: string, signal: AbortSignal): Promise<void>;
  /** A small file as text. @throws JobError ARCHIVE_TOO_LARGE above `maxBytes`, before anything is inflated. */
  readText(name: string, maxBytes: number, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}

/**
 * Opens a ZIP file and holds its directory against the policy. Nothing is inflated yet.
 * @throws JobError ARCHIVE_… when it is not a ZIP, or one that the policy refuses.
 */
export async function openArchive(path: string, limits: ArchiveLimits): Promise<Archive> {
  const file = await open(path);
  try {
    const entries = await readDirectory(file, limits);
    assertArchiveAllowed(entries, limits);
    return createArchive(file, entries);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function isUserFile(name: string): boolean {
  const parts = name.split('/');
  return !name.endsWith('/') && parts[0] !== '__MACOSX' && !parts.at(-1)!.startsWith('._');
}

function createArchive(file: FileHandle, entries: ArchiveEntry[]): Archive {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const find = (name: string): ArchiveEntry => {
    const entry = byName.get(name);
    if (!entry) throw new Error(`no entry ${name}`);
    return entry;
  };
  return {
    fileNames: entries.map((entry) => entry.name).filter(isUserFile),
    async extract(name, path, signal) {
      await inflate(file, find(name), () => createWriteStream(path), signal);
    },
    async readText(name, maxBytes, signal) {
      const entry = find(name);
      if (entry.unpackedBytes > maxBytes) {
        const message = `${name}: expected at most ${maxBytes} bytes, got ${entry.unpackedBytes}`;
        throw new JobError('ARCHIVE_TOO_LARGE', message);
      }
      const chunks: Buffer[] = [];
      const collect = new Writable({
        write(chunk: Buffer, _encoding, done) {
          chunks.push(chunk);
          done();
        },
      });
      await inflate(file, entry, () => collect, signal);
      return Buffer.concat(chunks).toString('utf8');
    },
    close: () => file.close(),
  };
}
