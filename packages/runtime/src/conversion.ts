import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import type { Environment } from './environment.ts';

/** The variables that decide how recordings are converted. */
export const CONVERSION_VARIABLES = [
  'JOB_TIMEOUT_MS',
  'JOB_STUCK_AFTER_MS',
  'HLS_LADDER',
  'WORKER_CONCURRENCY',
  'FFMPEG_PATH',
  'FFPROBE_PATH',
  'FFMPEG_THREADS',
  'ENCODE_MEMORY_BYTES',
  'MAX_SOURCE_BYTES',
  'MAX_ARCHIVE_ENTRIES',
  'MAX_ARCHIVE_BYTES',
  'MAX_FRAME_PIXELS',
  'MAX_DURATION_SEC',
] as const;

type ConversionEnvironment = Environment<(typeof CONVERSION_VARIABLES)[number]>;

export interface ResolvedConversion {
  /** Absolute, or a bare name that is looked for on the PATH. */
  ffmpegPath: string;
  ffprobePath: string;
  /** What the FFmpegs of one conversion may plan with. */
  encodeMemoryBytes: number;
}

/** What a stage may go by. */
export type ConversionConfig = ConversionEnvironment & ResolvedConversion;

/** Of the memory that there is, what the FFmpegs of one process may plan with; the rest is Node and the page cache. */
const ENCODE_SHARE = 0.7;

export function resolveConversion(environment: ConversionEnvironment): ResolvedConversion {
  const { ENCODE_MEMORY_BYTES, WORKER_CONCURRENCY } = environment;
  return {
    ffmpegPath: toAbsolute(environment.FFMPEG_PATH),
    ffprobePath: toAbsolute(environment.FFPROBE_PATH),
    encodeMemoryBytes: ENCODE_MEMORY_BYTES ?? Math.floor((findMemory() * ENCODE_SHARE) / WORKER_CONCURRENCY),
  };
}

/** A path is meant from where we were started; FFmpeg runs elsewhere. A bare name is looked up on the PATH. */
function toAbsolute(program: string): string {
  return program.includes('/') ? resolve(program) : program;
}

/** Bytes: the cgroup's limit (v1 or v2) where there is one, the machine's memory otherwise. */
export function findMemory(): number {
  const limitBytes = process.constrainedMemory();
  return limitBytes > 0 ? Math.min(limitBytes, totalmem()) : totalmem();
}
