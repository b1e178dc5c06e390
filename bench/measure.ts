import { totalmem } from 'node:os';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findMediaTools, runFfmpeg, type MediaTools } from '@tapedeck/media';
import { loadEnvironment } from '@tapedeck/runtime';

/** What one FFmpeg took, as the kernel counted it. */
export interface Usage {
  wallSec: number;
  /** User and system time of all its threads. */
  cpuSec: number;
  /** Peak resident memory. */
  peakBytes: number;
}

export type BenchEnvironment = ReturnType<typeof loadBenchEnvironment>;

/** What every measurement of this run shares. */
export interface Bench {
  /** Scratch space; removed at the end. */
  dir: string;
  environment: BenchEnvironment;
  tools: MediaTools;
  /** The same tools, where `ffmpeg` leaves its usage in its working directory. */
  measuredTools: MediaTools;
  signal: AbortSignal;
}

const USAGE_NAME = 'usage.txt';

/** The worker's own variables, with the worker's own defaults. */
export function loadBenchEnvironment(env: NodeJS.ProcessEnv) {
  return loadEnvironment(env, [
    'FFMPEG_PATH',
    'FFPROBE_PATH',
    'FFMPEG_THREADS',
    'ENCODE_MEMORY_BYTES',
    'MAX_ARCHIVE_ENTRIES',
    'MAX_ARCHIVE_BYTES',
    'JOB_TIMEOUT_MS',
    'JOB_STUCK_AFTER_MS',
  ]);
}

export async function createBench(dir: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Bench> {
  const environment = loadBenchEnvironment(env);
  const find = (ffmpegPath: string) =>
    findMediaTools({
      ...{ ffmpegPath, ffprobePath: environment.FFPROBE_PATH, searchPath: env.PATH },
      ...{ workDir: dir, memoryBytes: totalmem() },
    });
  const tools = await find(environment.FFMPEG_PATH);
  const ffmpegPath = await writeMeasuringTool(join(dir, 'measured-ffmpeg'), environment.FFMPEG_PATH, [
    ...['-o', USAGE_NAME, '-f', '%e %U %S %M'],
  ]);
  // Outside of the system's directories: it gets what guards do not keep it from running.
  return { dir, environment, tools, measuredTools: await find(ffmpegPath), signal };
}

/**
 * GNU time starts the tool as its only child and reports that child alone: the shell has become `time` by then, and the
 * guards before it have become the shell, so nothing else is counted.
 * @returns the path
 */
export async function writeMeasuringTool(path: string, toolPath: string, timeArgs: readonly string[]): Promise<string> {
  const quoted = [...timeArgs, toolPath].map((text) => `'${text.replaceAll("'", `'\\''`)}'`).join(' ');
  await writeFile(path, `#!/bin/sh\nexec time ${quoted} "$@"\n`);
  await chmod(path, 0o755);
  return path;
}

/** Runs FFmpeg under the worker's own runner, ours and the reference alike. @throws JobError as runFfmpeg does */
export async function measureFfmpeg(bench: Bench, cwd: string, args: readonly string[]): Promise<Usage> {
  const { environment, measuredTools, signal } = bench;
  await runFfmpeg(measuredTools, { args, cwd, signal, timeoutMs: environment.JOB_TIMEOUT_MS });
  return parseUsage(await readFile(join(cwd, USAGE_NAME), 'utf8'));
}

/** As GNU time writes `%e %U %S %M`. */
export function parseUsage(text: string): Usage {
  const [wallSec, userSec, systemSec, peakKib] = text.trim().split(' ').map(Number);
  const usage = { wallSec: wallSec!, cpuSec: userSec! + systemSec!, peakBytes: peakKib! * 1024 };
  if (Object.values(usage).every(Number.isFinite)) return usage;
  throw new Error(`bench: expected four numbers from GNU time, got ${JSON.stringify(text)}`);
}
