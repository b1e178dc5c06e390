import { randomUUID } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from '@tapedeck/conversion';
import { ALIVE_FILE, createScratchRoot, findOrphans, removeDir } from '@tapedeck/upkeep';

/**
 * All scratch files of a worker lie below one directory with its host and process id in the name; each attempt has a
 * directory of its own in it. So what an attempt leaves is removed with one call, and what a dead worker leaves can be
 * told from what a living one uses.
 */
export interface Workspaces {
  create(jobId: string, attempt: number): Promise<AttemptWorkspace>;
  /** Touched now and then: the container's health check looks at its age. */
  showAlive(): Promise<void>;
  /** What dead workers have left, and attempts of this one that could not remove theirs. */
  removeOrphans(): Promise<void>;
  remove(): Promise<void>;
}

export interface AttemptWorkspace extends Workspace {
  remove(): Promise<void>;
}

export async function createWorkspaces(workDir: string): Promise<Workspaces> {
  await mkdir(workDir, { recursive: true });
  // What cannot be removed now must keep nobody from working; it is tried again, and then complained about.
  await removeOrphans(workDir).catch(() => undefined);
  const root = await createScratchRoot(workDir, 'worker');
  const inUse = new Set<string>();
  return {
    async create(jobId, attempt) {
      const dir = join(root.dir, `${jobId}-${attempt}-${randomUUID()}`);
      inUse.add(dir);
      await mkdir(dir);
      return {
        dir,
        path: (fileName) => join(dir, fileName),
        async remove() {
          inUse.delete(dir);
          await removeDir(dir);
        },
      };
    },
    showAlive: root.showAlive,
    async removeOrphans() {
      const dirs = (await readdir(root.dir)).map((name) => join(root.dir, name));
      await removeAll(dirs.filter((dir) => dir !== join(root.dir, ALIVE_FILE) && !inUse.has(dir)));
      await removeOrphans(workDir, root.dir);
    },
    remove: root.remove,
  };
}

async function removeOrphans(workDir: string, own?: string): Promise<void> {
  await removeAll(await findOrphans(workDir, own));
}

/** One that cannot be removed keeps none of the others. @throws the first error */
async function removeAll(dirs: readonly string[]): Promise<void> {
  const ends = await Promise.allSettled(dirs.map(removeDir));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
