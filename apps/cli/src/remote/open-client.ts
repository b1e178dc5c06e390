import { createClient, TapedeckError, type TapedeckClient } from '@tapedeck/client';
import { ConfigError } from '@tapedeck/runtime';
import type { Command } from 'commander';
import { loadCallerConfig } from '../config.ts';
import { UsageError } from '../exit-code.ts';
import { readInput } from '../read-input.ts';

export interface ServiceOptions {
  url?: string;
  tokenFile?: string;
}

/** There is no option for the token itself: whoever may list processes would see it. */
export function addServiceOptions(command: Command): Command {
  return command
    .option('--url <url>', 'where the service is; default: TAPEDECK_URL, else http://localhost:3000')
    .option('--token-file <file>', 'a file with the token, which else is TAPEDECK_TOKEN');
}

/** @throws ConfigError without a token, UsageError and TapedeckError for options that are wrong */
export async function openClient(env: NodeJS.ProcessEnv, { url, tokenFile }: ServiceOptions): Promise<TapedeckClient> {
  const { TAPEDECK_URL, TAPEDECK_TOKEN } = loadCallerConfig(env);
  const token =
    tokenFile === undefined ? TAPEDECK_TOKEN : (await readInput('--token-file', tokenFile)).toString('utf8').trim();
  if (!token) throw new ConfigError("TAPEDECK_TOKEN: expected a caller's token, got nothing");
  try {
    return createClient({ baseUrl: url ?? TAPEDECK_URL, token });
  } catch (error) {
    const isUrl = url !== undefined && error instanceof TapedeckError && error.message.startsWith('baseUrl: ');
    throw isUrl ? new UsageError(error.message.replace('baseUrl', '--url'), { cause: error }) : error;
  }
}
