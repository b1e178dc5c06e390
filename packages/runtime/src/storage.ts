import { ConfigError, type Environment } from './environment.ts';

/** Where results are kept: what createObjectStore takes. */
export type StorageConfig =
  | { driver: 'local'; dataDir: string; publicUrl: string }
  | {
      driver: 'spaces';
      endpoint: string;
      region: string;
      forcePathStyle: boolean;
      accessKeyId: string;
      secretAccessKey: string;
      publicBaseUrl: string | undefined;
      requestsPerSec: number;
    };

/** The variables that decide it; the API and the workers must have the same. */
export const STORAGE_VARIABLES = [
  'STORAGE_DRIVER',
  'DO_SPACES_KEY',
  'DO_SPACES_SECRET',
  'SPACES_ENDPOINT',
  'SPACES_REGION',
  'SPACES_FORCE_PATH_STYLE',
  'SPACES_PUBLIC_BASE_URL',
  'SPACES_REQUESTS_PER_SEC',
] as const;

/**
 * Spaces where there is a key for it, else a directory.
 * @throws ConfigError naming the variable that is missing
 */
export function resolveStorage(
  environment: Environment<(typeof STORAGE_VARIABLES)[number]>,
  local: { dataDir: string; publicUrl: string },
): StorageConfig {
  const { DO_SPACES_KEY: accessKeyId, DO_SPACES_SECRET: secretAccessKey } = environment;
  const driver = environment.STORAGE_DRIVER ?? (accessKeyId ? 'spaces' : 'local');
  if (driver === 'local') return { driver, ...local };
  if (!accessKeyId)
    throw new ConfigError('DO_SPACES_KEY: expected the key that STORAGE_DRIVER=spaces needs, got nothing');
  if (!secretAccessKey) throw new ConfigError('DO_SPACES_SECRET: expected the secret of DO_SPACES_KEY, got nothing');
  return {
    ...{ driver, accessKeyId, secretAccessKey },
    endpoint: environment.SPACES_ENDPOINT,
    region: environment.SPACES_REGION,
    forcePathStyle: environment.SPACES_FORCE_PATH_STYLE,
    publicBaseUrl: environment.SPACES_PUBLIC_BASE_URL,
    requestsPerSec: environment.SPACES_REQUESTS_PER_SEC,
  };
}
