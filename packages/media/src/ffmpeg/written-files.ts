import { opendir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { JobError } from '@tapedeck/contracts';

/** Folders in a workspace: one for each rendition. */
const MAX_DEPTH = 2;

/**
 * Whoever reads what a tool has left must find files: a pipe would hold him for ever, a link lead him elsewhere. FFmpeg
 * makes neither; something in its place might.
 * @throws JobError ENCODE_OUTPUT_INVALID
 */
export async function assertOnlyFiles(dir: string, depth = MAX_DEPTH): Promise<void> {
  const folder = await opendir(dir).catch((cause: unknown) => {
    throw new JobError('ENCODE_OUTPUT_INVALID', 'expected folders that can be read', { cause });
  });
  for await (const entry of folder) {
    if (entry.isFile()) continue;
    if (!entry.isDirectory() || depth === 0) {
      throw new JobError(
        'ENCODE_OUTPUT_INVALID',
        'expected files and nothing else, got a link, a pipe or deep folders',
      );
    }
    await assertOnlyFiles(join(dir, entry.name), depth - 1);
  }
}

/** Enough for the playlist of a week, and for the statistics of every poster candidate. */
const MAX_TEXT_BYTES = 8 * 1024 * 1024;

/**
 * A small file that a tool wrote, whole.
 * @throws JobError ENCODE_OUTPUT_INVALID when it is too large to be one; the system's error when it is not there
 */
export async function readWritten(path: string): Promise<Buffer> {
  const { size } = await stat(path);
  if (size <= MAX_TEXT_BYTES) return readFile(path);
  throw new JobError('ENCODE_OUTPUT_INVALID', `expected a list of at most ${MAX_TEXT_BYTES} bytes, got ${size}`);
}

/** The same as text, empty where there is none. */
export async function readWrittenText(path: string): Promise<string> {
  return readWritten(path).then(
    (bytes) => bytes.toString('utf8'),
    (error: unknown) => {
      if (error instanceof JobError) throw error;
      return '';
    },
  );
}
