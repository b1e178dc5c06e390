import { resolve } from 'node:path';
import {
  ALERT_VARIABLES,
  ConfigError,
  JOURNAL_VARIABLES,
  loadEnvironment,
  resolveAlerts,
  resolveJournal,
  resolvePublicUrl,
  resolveStorage,
  resolveUrlPolicy,
  STORAGE_VARIABLES,
  URL_POLICY_VARIABLES,
} from '@tapedeck/runtime';
import { ACCESS_VARIABLES, resolveAccess } from './admin/access.ts';
import { SERVICE_CALLER } from './plugins/authenticate.ts';

const NAMES = [
  'REDIS_URL',
  'HOST',
  'DATA_DIR',
  ...STORAGE_VARIABLES,
  ...JOURNAL_VARIABLES,
  'API_KEYS',
  'MP4_SERVICE_TOKEN',
  'OVEN_COMPLETE_KEYS',
  ...URL_POLICY_VARIABLES,
  'CONVERT_INLINE',
  'CONVERT_INLINE_AFTER_MS',
  'JOB_ATTEMPTS',
  'CALLBACK_SCHEDULE_MS',
  ...ACCESS_VARIABLES,
  ...ALERT_VARIABLES,
  'ALERT_INTERVAL_MS',
  'TRUST_PROXY',
  'RATE_LIMIT_MAX',
  'RATE_LIMIT_WINDOW_MS',
  'AUTH_FAILURES_MAX',
  'AUTH_FAILURES_WINDOW_MS',
  'METRICS_TOKEN',
  'SHUTDOWN_GRACE_MS',
  'LOG_LEVEL',
  'LOG_DIR',
] as const;

export type ApiConfig = ReturnType<typeof loadConfig>;

/** @throws ConfigError naming every variable that is wrong or missing. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>) {
  const environment = loadEnvironment(env, NAMES);
  const { REDIS_URL: redisUrl, API_KEYS: apiKeys, MP4_SERVICE_TOKEN: serviceToken } = environment;
  if (!redisUrl) throw new ConfigError('REDIS_URL: expected redis://, rediss:// or unix:, got nothing');
  if (apiKeys.length === 0 && !serviceToken) {
    throw new ConfigError('API_KEYS: expected id:sha256-hex (or a token in MP4_SERVICE_TOKEN), got nothing');
  }
  const callers = [...apiKeys.map(({ id }) => id), ...(serviceToken ? [SERVICE_CALLER] : [])];
  const unknown = environment.OVEN_COMPLETE_KEYS.find((id) => !callers.includes(id));
  if (unknown !== undefined) {
    throw new ConfigError(
      `OVEN_COMPLETE_KEYS: expected ids of API_KEYS (or ${SERVICE_CALLER} for MP4_SERVICE_TOKEN), got ${unknown}`,
    );
  }
  const access = resolveAccess(environment);
  const publicUrl = resolvePublicUrl(environment);
  const dataDir = resolve(environment.DATA_DIR);
  const logDir = environment.LOG_DIR && resolve(environment.LOG_DIR);
  const storage = resolveStorage(environment, { dataDir, publicUrl });
  const journal = resolveJournal(environment, storage);
  const alerts = resolveAlerts(environment);
  const urlPolicy = resolveUrlPolicy(environment);
  return Object.freeze({
    ...environment,
    redisUrl,
    publicUrl,
    dataDir,
    logDir,
    storage,
    journal,
    urlPolicy,
    access,
    alerts,
  });
}
