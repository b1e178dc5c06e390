import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * All scratch files of a worker lie below one directory with its host and process id in the name; each attempt has a
 * directory of its own in it. So what an attempt leaves is removed with one call, and what a dead worker leaves can be
 * told from what a living one uses.
 */
export interface Workspaces {
  create(jobId: string, attempt: number): Promise<Workspace>;
  /** Touched now and then: the container's health check looks at its age. */
  showAlive(): Promise<void>;
  /** What dead workers of this host have left, and attempts of this one that could not remove theirs. */
  removeOrphans(): Promise<void>;
  remove(): Promise<void>;
}

export interface Workspace {
  dir: string;
  path(fileName: string): string;
  remove(): Promise<void>;
}

const PREFIX = 'tapedeck-';
export const ALIVE_FILE = 'alive';

export async function createWorkspaces(workDir: string): Promise<Workspaces> {
  await mkdir(workDir, { recursive: true });
  // What cannot be removed now must keep nobody from working; it is tried again, and then complained about.
  await removeOrphans(workDir).catch(() => undefined);
  const root = await mkdtemp(join(workDir, `${PREFIX}${hostname()}-${process.pid}-`));
  const aliveFile = join(root, ALIVE_FILE);
  await writeFile(aliveFile, await readPidNamespace());
  const inUse = new Set<string>();
  return {
    async create(jobId, attempt) {
      const dir = join(root, `${jobId}-${attempt}-${randomUUID()}`);
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
    async showAlive() {
      const now = new Date();
      await utimes(aliveFile, now, now);
    },
    async removeOrphans() {
      const dirs = (await readdir(root)).map((name) => join(root, name));
      await removeAll(dirs.filter((dir) => dir !== aliveFile && !inUse.has(dir)));
      await removeOrphans(workDir, root);
    },
    remove: () => removeDir(root),
  };
}

/** Directories of workers of this host that are no longer running; of another host's nobody here can say that. */
async function removeOrphans(workDir: string, own?: string): Promise<void> {
  const orphans: string[] = [];
  for (const name of await readdir(workDir)) {
    const [, host, pid] = new RegExp(`^${PREFIX}(.+)-(\\d+)-[^-]+$`).exec(name) ?? [];
    const dir = join(workDir, name);
    if (host === hostname() && dir !== own && !(await isUsed(dir, Number(pid)))) orphans.push(dir);
  }
  await removeAll(orphans);
}

/** One that cannot be removed keeps none of the others. @throws the first error */
async function removeAll(dirs: readonly string[]): Promise<void> {
  const ends = await Promise.allSettled(dirs.map(removeDir));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** A sign of life comes every five seconds. */
const MAX_SILENCE_MS = 60_000;

/** Whether its worker runs. Containers may share a host's name and not its process ids: there only signs of life count. */
async function isUsed(dir: string, pid: number): Promise<boolean> {
  const aliveFile = join(dir, ALIVE_FILE);
  const [namespace, signs] = await Promise.all([
    readFile(aliveFile, 'utf8').catch(() => ''),
    // Its worker is about to write it.
    stat(aliveFile)
      .catch(() => stat(dir))
      .catch(() => undefined),
  ]);
  if (namespace === (await readPidNamespace())) return pid !== process.pid && isRunning(pid);
  return signs !== undefined && Date.now() - signs.mtimeMs < MAX_SILENCE_MS;
}

/** Names the set of processes among which a process id means something; '' where there is no such thing. */
async function readPidNamespace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * An FFmpeg that was taken over can leave directories that nobody may enter, and paths that are longer than the kernel
 * takes. The programs go step by step, and over both.
 */
async function removeDir(dir: string): Promise<void> {
  try {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    await run('chmod', ['-R', 'u+rwX', '--', dir]).catch(() => undefined);
    await run('rm', ['-rf', '--', dir], { timeout: REMOVAL_TIMEOUT_MS });
  }
}

const run = promisify(execFile);
const REMOVAL_TIMEOUT_MS = 60_000;
