import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** How to start FFmpeg and ffprobe on this machine, found out once per process. */
export interface MediaTools {
  /** Where programs are looked for; the only thing of our environment that a child gets. */
  searchPath: string;
  ffmpegPath: string;
  ffprobePath: string;
  /** Put before a command: what keeps a child from outliving us and from taking more than its share. */
  guards: readonly ChildGuard[];
}

export interface ChildGuard {
  name: 'dies with the worker' | 'first to go when memory ends' | 'bounded file size and CPU time';
  command: readonly string[];
}

/** A result is a picture or a stream for people; nothing that we make is this large. */
const MAX_FILE_BYTES = 16 * 1024 ** 3;

/** A day of one core. The job's own time limit is shorter; this holds when nobody is left to keep it. */
const MAX_CPU_SEC = 86_400;

const GUARDS: readonly ChildGuard[] = [
  { name: 'dies with the worker', command: ['setpriv', '--pdeathsig', 'KILL', '--'] },
  { name: 'first to go when memory ends', command: ['choom', '-n', '900', '--'] },
  {
    name: 'bounded file size and CPU time',
    command: ['prlimit', `--fsize=${MAX_FILE_BYTES}`, `--cpu=${MAX_CPU_SEC}`, '--core=0', '--'],
  },
];

const DEFAULT_SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Tries each guard for real: some containers have the program but not the right. */
export async function findMediaTools(
  ffmpegPath: string,
  ffprobePath: string,
  searchPath: string = DEFAULT_SEARCH_PATH,
): Promise<MediaTools> {
  const works = await Promise.all(GUARDS.map(({ command }) => succeeds([...command, 'true'])));
  return { searchPath, ffmpegPath, ffprobePath, guards: GUARDS.filter((_, index) => works[index]) };
}

/** The version that FFmpeg or ffprobe names, or undefined when it does not run. */
export async function readToolVersion(path: string): Promise<string | undefined> {
  const output = await readOutput([path, '-hide_banner', '-version']);
  return /^ff\w+ version (\S+)/.exec(output ?? '')?.[1];
}

async function succeeds(command: readonly string[]): Promise<boolean> {
  return (await readOutput(command)) !== undefined;
}

const ANSWER_TIMEOUT_MS = 10_000;

async function readOutput([file, ...args]: readonly string[]): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(file!, args, { timeout: ANSWER_TIMEOUT_MS })).stdout;
  } catch {
    return undefined;
  }
}
