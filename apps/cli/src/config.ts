import { resolve } from 'node:path';
import {
  ALERT_VARIABLES,
  CONVERSION_VARIABLES,
  JOURNAL_VARIABLES,
  loadEnvironment,
  resolveAlerts,
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
  ...URL_POLICY_VARIABLES,
  'JOB_LOCK_MS',
  'JOB_STALL_CHECK_MS',
  ...CONVERSION_VARIABLES,
  ...RETENTION_VARIABLES,
] as const;

export type CliConfig = ReturnType<typeof loadConfig>;

/** @throws ConfigError naming every variable that is wrong. Nothing must be set. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>) {
  const environment = loadEnvironment(env, NAMES);
  const dirs = { dataDir: resolve(environment.DATA_DIR), workDir: resolve(environment.WORK_DIR) };
  const local = { dataDir: dirs.dataDir, publicUrl: resolvePublicUrl(environment) };
  const storage = resolveStorage(environment, local);
  return Object.freeze({
    ...environment,
    ...resolveConversion(environment),
    ...dirs,
    ...{ storage, local },
    journal: resolveJournal(environment, storage),
    urlPolicy: resolveUrlPolicy(environment),
    retention: resolveRetention(environment),
  });
}

/** Of who asks the service for something. @throws ConfigError naming every variable that is wrong */
export function loadCallerConfig(env: Readonly<Record<string, string | undefined>>) {
  return loadEnvironment(env, ['TAPEDECK_URL', 'TAPEDECK_TOKEN', 'CALLBACK_SIGNING_SECRET']);
}

/** @throws ConfigError naming every variable that is wrong, or missing beside others */
export function loadAlertConfig(env: Readonly<Record<string, string | undefined>>) {
  return resolveAlerts(loadEnvironment(env, ALERT_VARIABLES));
}
