import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeFailure, type UpkeepOptions } from './upkeep.ts';

/** A directory of one process below WORK_DIR: its name has host and process id in it, and a file in it shows life. */
export interface ScratchRoot {
  dir: string;
  /** To be called every few seconds: others, and the container's health check, know by it that the process lives. */
  showAlive(): Promise<void>;
  remove(): Promise<void>;
}

const PREFIX = 'tapedeck-';
export const ALIVE_FILE = 'alive';

/** A worker's lives as long as it does; a command's is gone when the command ends. */
type Role = 'worker' | 'command';

export async function createScratchRoot(workDir: string, role: Role): Promise<ScratchRoot> {
  await mkdir(workDir, { recursive: true });
  const dir = await mkdtemp(join(workDir, `${PREFIX}${hostname()}-${process.pid}-`));
  const aliveFile = join(dir, ALIVE_FILE);
  await writeFile(aliveFile, `${await readPidNamespace()} ${await readStartTicks(process.pid)} ${role}`);
  return {
    dir,
    async showAlive() {
      const now = new Date();
      await utimes(aliveFile, now, now);
    },
    remove: () => removeDir(dir),
  };
}

const SIGN_INTERVAL_MS = 5_000;

/** Runs `work` with a directory for it alone, which is gone afterwards. */
export async function withScratch<T>(workDir: string, work: (dir: string) => Promise<T>): Promise<T> {
  const root = await createScratchRoot(workDir, 'command');
  const signs = setInterval(() => void root.showAlive().catch(() => undefined), SIGN_INTERVAL_MS);
  try {
    return await work(root.dir);
  } finally {
    clearInterval(signs);
    await root.remove();
  }
}

/**
 * What processes have left below WORK_DIR that are no longer running: of this host at once, of another after an hour
 * without a sign of life.
 * @param own a directory that is in use
 */
export async function findOrphans(workDir: string, own?: string): Promise<string[]> {
  const orphans: string[] = [];
  for (const name of await readdir(workDir).catch(noneIfAbsent)) {
    const [, host, pid] = new RegExp(`^${PREFIX}(.+)-(\\d+)-[^-]+$`).exec(name) ?? [];
    const dir = join(workDir, name);
    if (host === undefined || dir === own) continue;
    const isInUse =
      host === hostname() ? await isUsed(dir, Number(pid)) : await hasShownLife(dir, MAX_FOREIGN_SILENCE_MS);
    if (!isInUse) orphans.push(dir);
  }
  return orphans;
}

function noneIfAbsent(error: unknown): string[] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
  throw error;
}

/** By hand; a worker does it for itself. */
export async function removeOrphans(workDir: string, { dryRun, onDeed }: Omit<UpkeepOptions, 'signal'>): Promise<void> {
  for (const dir of await findOrphans(workDir)) {
    try {
      if (!dryRun) await removeDir(dir);
      onDeed({ outcome: 'done', about: dir, what: 'remove an orphaned workspace' });
    } catch (error) {
      onDeed({ outcome: 'failed', about: dir, what: `remove an orphaned workspace: ${describeFailure(error)}` });
    }
  }
}

/** A sign of life comes every five seconds. */
const MAX_SILENCE_MS = 60_000;
/** Hosts need not agree on the time, and one may have been suspended. */
const MAX_FOREIGN_SILENCE_MS = 3_600_000;

/**
 * Whether its process runs. Containers may share a host's name and not its process ids: there only signs of life count.
 * The kernel gives an id to others again, to threads, too; so it is the same process only if it began at the same time.
 */
async function isUsed(dir: string, pid: number): Promise<boolean> {
  const sign = await readFile(join(dir, ALIVE_FILE), 'utf8').catch(() => '');
  const [namespace, startTicks] = sign.split(' ');
  if (namespace !== (await readPidNamespace())) return hasShownLife(dir, MAX_SILENCE_MS);
  return pid !== process.pid && isRunning(pid) && startTicks === (await readStartTicks(pid));
}

/** For a container's health check: whether a worker below `workDir` has shown life so lately. */
export async function hasLivingWorker(workDir: string, maxSilenceMs: number): Promise<boolean> {
  const dirs = (await readdir(workDir)).map((name) => join(workDir, name));
  const signs = dirs.map(async (dir) => {
    const sign = await readFile(join(dir, ALIVE_FILE), 'utf8').catch(() => '');
    return sign.endsWith(' worker') && hasShownLife(dir, maxSilenceMs);
  });
  return (await Promise.all(signs)).includes(true);
}

async function hasShownLife(dir: string, maxSilenceMs: number): Promise<boolean> {
  const signs = await stat(join(dir, ALIVE_FILE))
    // Its process is about to write it.
    .catch(() => stat(dir))
    .catch(() => undefined);
  return signs !== undefined && Date.now() - signs.mtimeMs < maxSilenceMs;
}

/** Names the set of processes among which a process id means something; '' where there is no such thing. */
async function readPidNamespace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}

/** When a process began, in the kernel's ticks (field 22 of proc_pid_stat(5)); '' where there is no such thing. */
async function readStartTicks(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is a name in parentheses, with whatever in it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
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
export async function removeDir(dir: string): Promise<void> {
  try {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    await run('chmod', ['-R', 'u+rwX', '--', dir]).catch(() => undefined);
    await run('rm', ['-rf', '--', dir], { timeout: REMOVAL_TIMEOUT_MS });
  }
}

const run = promisify(execFile);
const REMOVAL_TIMEOUT_MS = 60_000;
