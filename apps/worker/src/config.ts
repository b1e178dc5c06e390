import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import {
  ConfigError,
  JOURNAL_VARIABLES,
  loadEnvironment,
  resolveJournal,
  resolvePublicUrl,
  resolveRetention,
  resolveStorage,
  resolveUrlPolicy,
  RETENTION_VARIABLES,
  STORAGE_VARIABLES,
  URL_POLICY_VARIABLES,
} from '@tapedeck/runtime';

const NAMES = [
  'REDIS_URL',
  'PORT',
  'PUBLIC_URL',
  'DATA_DIR',
  'WORK_DIR',
  ...STORAGE_VARIABLES,
  ...JOURNAL_VARIABLES,
  'CALLBACK_SIGNING_SECRET',
  'CALLBACK_AUTH_TOKEN',
  'CALLBACK_SCHEDULE_MS',
  'CALLBACK_TIMEOUT_MS',
  ...URL_POLICY_VARIABLES,
  'WORKER_CONCURRENCY',
  'JOB_BACKOFF_MS',
  'JOB_STUCK_AFTER_MS',
  'JOB_LOCK_MS',
  'JOB_STALL_CHECK_MS',
  'SHUTDOWN_GRACE_MS',
  'HLS_LADDER',
  ...RETENTION_VARIABLES,
  'FFMPEG_PATH',
  'FFPROBE_PATH',
  'FFMPEG_THREADS',
  'ENCODE_MEMORY_BYTES',
  'MAX_SOURCE_BYTES',
  'MAX_ARCHIVE_ENTRIES',
  'MAX_ARCHIVE_BYTES',
  'MAX_FRAME_PIXELS',
  'MAX_DURATION_SEC',
  'LOG_LEVEL',
  'LOG_DIR',
  'MEMORY_WARN_BYTES',
  'MEMORY_LIMIT_BYTES',
] as const;

export type WorkerConfig = ReturnType<typeof loadConfig>;

/** Part of the container's memory that one worker's FFmpegs may plan with; the rest is Node and the page cache. */
const ENCODE_SHARE = 0.7;
/** Of the same memory: beyond it somebody should look. */
const WARN_SHARE = 0.85;

/** @throws ConfigError naming every variable that is wrong or missing. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>) {
  const environment = loadEnvironment(env, NAMES);
  const { REDIS_URL: redisUrl, CALLBACK_SIGNING_SECRET: signingSecrets } = environment;
  if (!redisUrl) throw new ConfigError('REDIS_URL: expected redis://, rediss:// or unix:, got nothing');
  if (!signingSecrets) throw new ConfigError('CALLBACK_SIGNING_SECRET: expected whsec_…, got nothing');
  const publicUrl = resolvePublicUrl(environment);
  const storage = resolveStorage(environment, { dataDir: resolve(environment.DATA_DIR), publicUrl });
  return Object.freeze({
    ...environment,
    redisUrl,
    signingSecrets,
    publicUrl,
    storage,
    journal: resolveJournal(environment, storage),
    retention: resolveRetention(environment),
    urlPolicy: resolveUrlPolicy(environment),
    workDir: resolve(environment.WORK_DIR),
    logDir: environment.LOG_DIR && resolve(environment.LOG_DIR),
    ffmpegPath: toAbsolute(environment.FFMPEG_PATH),
    ffprobePath: toAbsolute(environment.FFPROBE_PATH),
    encodeMemoryBytes:
      environment.ENCODE_MEMORY_BYTES ?? Math.floor((findMemory() * ENCODE_SHARE) / environment.WORKER_CONCURRENCY),
    memoryWarnBytes: environment.MEMORY_WARN_BYTES ?? Math.floor(findMemory() * WARN_SHARE),
  });
}

/** A path is meant from where we were started; FFmpeg runs elsewhere. A bare name is looked up on the PATH. */
function toAbsolute(program: string): string {
  return program.includes('/') ? resolve(program) : program;
}

/** Bytes: the cgroup's limit (v1 or v2) where there is one, the machine's memory otherwise. */
function findMemory(): number {
  const limitBytes = process.constrainedMemory();
  return limitBytes > 0 ? Math.min(limitBytes, totalmem()) : totalmem();
}
