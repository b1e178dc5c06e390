import { resolve } from 'node:path';
import {
  JOURNAL_VARIABLES,
  loadEnvironment,
  resolveJournal,
  resolvePublicUrl,
  resolveStorage,
  STORAGE_VARIABLES,
} from '@tapedeck/runtime';

const NAMES = [
  'REDIS_URL',
  'PORT',
  'PUBLIC_URL',
  'DATA_DIR',
  ...STORAGE_VARIABLES,
  ...JOURNAL_VARIABLES,
  'FFMPEG_PATH',
  'FFPROBE_PATH',
] as const;

export type CliConfig = ReturnType<typeof loadConfig>;

/** @throws ConfigError naming every variable that is wrong. Nothing must be set. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>) {
  const environment = loadEnvironment(env, NAMES);
  const local = { dataDir: resolve(environment.DATA_DIR), publicUrl: resolvePublicUrl(environment) };
  const storage = resolveStorage(environment, local);
  return Object.freeze({ ...environment, storage, journal: resolveJournal(environment, storage) });
}
