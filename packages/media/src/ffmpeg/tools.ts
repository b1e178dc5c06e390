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
  const { ffmpegPath, ffprobePath, searchPath = DEFAULT_SEARCH_PATH, ...limits } = options;
  const installed = await Promise.all([ffmpegPath, ffprobePath].map(readToolVersion));
  const programs = [ffmpegPath, ffprobePath].filter((_, index) => installed[index] !== undefined);
  const guards = await findGuards({ ...limits, searchPath, programs });
  return { searchPath, ffmpegPath, ffprobePath, guards };
}

/** The version that FFmpeg or ffprobe names, or undefined when it does not run. */
export async function readToolVersion(path: string): Promise<string | undefined> {
  return /^ff\w+ version (\S+)/.exec((await readAnswer([path, '-hide_banner', '-version'])) ?? '')?.[1];
}
