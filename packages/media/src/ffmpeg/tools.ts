import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readAnswer } from './answers.ts';
import type { ToolResult } from './run-tool.ts';
import { findGuards, type Guard, type GuardOptions } from './guards.ts';

/** How to start FFmpeg and ffprobe on this machine, found out once per process. */
export interface MediaTools {
  /** Where programs are looked for; the only thing of our environment that a child gets. */
  searchPath: string;
  ffmpegPath: string;
  ffprobePath: string;
  guards: readonly Guard[];
  /** Hears of each run that has ended, whoever started it and for whatever reason it ended. */
  onRun?: (run: ToolReport) => void;
}

export interface ToolReport extends Pick<
  ToolResult,
  'exitCode' | 'signal' | 'timedOut' | 'stalled' | 'durationMs' | 'stderrTail'
> {
  tool: 'ffmpeg' | 'ffprobe';
  /** Without what comes before the program, and without our directory. */
  args: readonly string[];
  /** Its progress was followed: it is what a job takes its time for. */
  isEncode: boolean;
}

export interface MediaToolsOptions extends Pick<GuardOptions, 'memoryBytes'> {
  /** Below it, attempts have their directories. */
  workDir: string;
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
  // As an attempt has it: in the directory above there may be more to see.
  const trialDir = await mkdtemp(join(workDir, '.tapedeck-trial-'));
  try {
    const guards = await findGuards({ trialDir, memoryBytes, searchPath, programs });
    return { searchPath, ffmpegPath, ffprobePath, guards };
  } finally {
    await rm(trialDir, { recursive: true, force: true });
  }
}

/** The version that FFmpeg or ffprobe names, or undefined when it does not run. */
export async function readToolVersion(
  path: string,
  searchPath: string = DEFAULT_SEARCH_PATH,
): Promise<string | undefined> {
  const answer = await readAnswer([path, '-hide_banner', '-version'], { searchPath });
  return /^ff\w+ version (\S+)/.exec(answer ?? '')?.[1];
}
