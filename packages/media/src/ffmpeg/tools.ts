import { readAnswer } from './answers.ts';
import { findGuards, type Guard, type GuardOptions } from './guards.ts';

/** How to start FFmpeg and ffprobe on this machine, found out once per process. */
export interface MediaTools {
  /** Where programs are looked for; the only thing of our environment that a child gets. */
  searchPath: string;
  ffmpegPath: string;
  ffprobePath: string;
  guards: readonly Guard[];
}

export interface MediaToolsOptions extends Pick<GuardOptions, 'workDir' | 'memoryBytes'> {
  ffmpegPath: string;
  ffprobePath: string;
  searchPath?: string | undefined;
}

const DEFAULT_SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export async function findMediaTools(options: MediaToolsOptions): Promise<MediaTools> {
  const { ffmpegPath, ffprobePath, searchPath = DEFAULT_SEARCH_PATH, workDir, memoryBytes } = options;
  const versions = [ffmpegPath, ffprobePath].map((path) => readToolVersion(path, searchPath));
  const installed = await Promise.all(versions);
  const programs = [ffmpegPath, ffprobePath].filter((_, index) => installed[index] !== undefined);
  const guards = await findGuards({ workDir, memoryBytes, searchPath, programs });
  return { searchPath, ffmpegPath, ffprobePath, guards };
}

/** The version that FFmpeg or ffprobe names, or undefined when it does not run. */
export async function readToolVersion(
  path: string,
  searchPath: string = DEFAULT_SEARCH_PATH,
): Promise<string | undefined> {
  const answer = await readAnswer([path, '-hide_banner', '-version'], { searchPath });
  return /^ff\w+ version (\S+)/.exec(answer ?? '')?.[1];
}
