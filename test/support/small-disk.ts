import { execFile } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTempDir } from './temp-dir.ts';

const exec = promisify(execFile);

/** A file system of its own, in memory. Only root may mount one. */
export interface SmallDisk {
  dir: string;
  freeBytes(): Promise<number>;
  /** Takes all of it but so many bytes, until `free` is called. */
  fillUpTo(freeBytes: number): Promise<void>;
  free(): Promise<void>;
  remove(): Promise<void>;
}

const FILLER = 'filler';

export async function mountSmallDisk(sizeBytes: number): Promise<SmallDisk> {
  const temp = await createTempDir('disk');
  const { dir } = temp;
  await exec('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tapedeck-test', dir]).catch(
    async (cause: unknown) => {
      await temp.remove();
      throw new Error('a file system of its own could not be mounted: tests of full disks need root', { cause });
    },
  );
  const freeBytes = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize;
  };
  return {
    dir,
    freeBytes,
    async fillUpTo(leftBytes) {
      const filler = Buffer.alloc(Math.max(0, (await freeBytes()) - leftBytes));
      await writeFile(join(dir, FILLER), filler).catch((error: unknown) => {
        // Somebody else has taken the rest meanwhile.
        if ((error as { code?: unknown }).code !== 'ENOSPC') throw error;
      });
    },
    free: () => rm(join(dir, FILLER), { force: true }),
    async remove() {
      await exec('umount', [dir]);
      await temp.remove();
    },
  };
}
