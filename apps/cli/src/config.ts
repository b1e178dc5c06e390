import { resolve } from 'node:path';
import {
  ALERT_VARIABLES,
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

const NAMES = [
  'REDIS_URL',
  'PORT',
  'PUBLIC_URL',
  'DATA_DIR',
  'WORK_DIR',
  ...STORAGE_VARIABLES,
  ...JOURNAL_VARIABLES,
  ...URL_POLICY_VARIABLES,
  'FFMPEG_PATH',
  'FFPROBE_PATH',
  'MAX_SOURCE_BYTES',
] as const;

export type CliConfig = ReturnType<typeof loadConfig>;

/** @throws ConfigError naming every variable that is wrong. Nothing must be set. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>) {
  const environment = loadEnvironment(env, NAMES);
  const dirs = { dataDir: resolve(environment.DATA_DIR), workDir: resolve(environment.WORK_DIR) };
  const storage = resolveStorage(environment, { dataDir: dirs.dataDir, publicUrl: resolvePublicUrl(environment) });
  const journal = resolveJournal(environment, storage);
  return Object.freeze({ ...environment, ...dirs, storage, journal, urlPolicy: resolveUrlPolicy(environment) });
}

/** @throws ConfigError naming every variable that is wrong, or missing beside others */
export function loadAlertConfig(env: Readonly<Record<string, string | undefined>>) {
  return resolveAlerts(loadEnvironment(env, ALERT_VARIABLES));
}
