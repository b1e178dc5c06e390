import { ConfigError } from '@tapedeck/runtime';
import { loadCallerConfig } from '../config.ts';
import { readInput } from '../read-input.ts';

/** What callbacks are verified with. @throws ConfigError where there is none */
export async function loadSecrets(env: NodeJS.ProcessEnv, secretFile: string | undefined): Promise<string[]> {
  if (secretFile !== undefined) return [(await readInput('--secret-file', secretFile)).toString('utf8').trim()];
  const { CALLBACK_SIGNING_SECRET: secrets } = loadCallerConfig(env);
  if (secrets) return secrets;
  throw new ConfigError('CALLBACK_SIGNING_SECRET: expected whsec_…, or --secret-file, got nothing');
}
