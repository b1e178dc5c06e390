import { resolve } from 'node:path';
import {
  ConfigError,
  CONVERSION_VARIABLES,
  findMemory,
  JOURNAL_VARIABLES,
  loadEnvironment,
  resolveConversion,
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
  'OVEN_COMPLETE_KEYS',
  'OVEN_CALLBACK_SECRET',
  'CALLBACK_SCHEDULE_MS',
  'CALLBACK_TIMEOUT_MS',
  ...URL_POLICY_VARIABLES,
  'JOB_BACKOFF_MS',
  'JOB_LOCK_MS',
  'JOB_STALL_CHECK_MS',
  'SHUTDOWN_GRACE_MS',
  ...CONVERSION_VARIABLES,
  ...RETENTION_VARIABLES,
  'LOG_LEVEL',
  'LOG_DIR',
  'MEMORY_WARN_BYTES',
  'MEMORY_LIMIT_BYTES',
] as const;

export type WorkerConfig = ReturnType<typeof loadConfig>;

/** Of the container's memory: beyond it somebody should look. */
const WARN_SHARE = 0.85;

/** @throws ConfigError naming every variable that is wrong or missing. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>) {
  const environment = loadEnvironment(env, NAMES);
  const { REDIS_URL: redisUrl, CALLBACK_SIGNING_SECRET: signingSecrets } = environment;
  if (!redisUrl) throw new ConfigError('REDIS_URL: expected redis://, rediss:// or unix:, got nothing');
  if (!signingSecrets) throw new ConfigError('CALLBACK_SIGNING_SECRET: expected whsec_…, got nothing');
  if (environment.OVEN_COMPLETE_KEYS.length > 0 && !environment.OVEN_CALLBACK_SECRET) {
    throw new ConfigError('OVEN_CALLBACK_SECRET: expected it, because OVEN_COMPLETE_KEYS is set, got nothing');
  }
  const publicUrl = resolvePublicUrl(environment);
  const storage = resolveStorage(environment, { dataDir: resolve(environment.DATA_DIR), publicUrl });
  return Object.freeze({
    ...environment,
    ...resolveConversion(environment),
    redisUrl,
    signingSecrets,
    publicUrl,
    storage,
    journal: resolveJournal(environment, storage),
    retention: resolveRetention(environment),
    urlPolicy: resolveUrlPolicy(environment),
    workDir: resolve(environment.WORK_DIR),
    logDir: environment.LOG_DIR && resolve(environment.LOG_DIR),
    memoryWarnBytes: environment.MEMORY_WARN_BYTES ?? Math.floor(findMemory() * WARN_SHARE),
  });
}
