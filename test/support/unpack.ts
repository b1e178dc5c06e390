import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JobError } from '@tapedeck/contracts';
import { extractTape } from '@tapedeck/conversion';
import { createTempDir } from './temp-dir.ts';

/** What a worker allows when nothing else is configured. */
export const LIMITS = { MAX_ARCHIVE_ENTRIES: 20_000, MAX_ARCHIVE_BYTES: 4 * 1024 ** 3, MAX_FRAME_PIXELS: 33_177_600 };

export interface Unpacked {
  /** `ok`, or the code of the JobError that it failed with. Any other error is thrown. */
  code: string;
  message: string;
  /** What lies in the workspace afterwards, the archive aside. */
  fileNames: string[];
  bytesWritten: number;
  /** What lies beside it. */
  outside: string[];
}

const ZIP_NAME = 'tape.zip';

/** The worker's own stage on a workspace of its own. */
export async function unpack(zip: Buffer, limits: Partial<typeof LIMITS> = {}): Promise<Unpacked> {
  const temp = await createTempDir('unpack');
  try {
    const dir = join(temp.dir, 'workspace');
    await mkdir(dir);
    const path = (name: string): string => join(dir, name);
    await writeFile(path(ZIP_NAME), zip);
    const failure = await extractTape(
      {
        config: { ...LIMITS, ...limits },
        workspace: { dir, path },
        progress: { enter: async () => {}, advance: () => {}, note: () => {} },
        signal: AbortSignal.timeout(30_000),
      },
      ZIP_NAME,
    ).then(() => undefined, onlyJobErrors);
    const fileNames = (await readdir(dir)).filter((name) => name !== ZIP_NAME);
    const sizes = await Promise.all(fileNames.map(async (name) => (await stat(path(name))).size));
    return {
      code: failure?.code ?? 'ok',
      message: failure?.message ?? '',
      fileNames,
      bytesWritten: sizes.reduce((sum, size) => sum + size, 0),
      outside: (await readdir(temp.dir)).filter((name) => name !== 'workspace'),
    };
  } finally {
    await temp.remove();
  }
}

function onlyJobErrors(error: unknown): JobError {
  if (error instanceof JobError) return error;
  throw error;
}
