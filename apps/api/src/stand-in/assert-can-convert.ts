import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CONFIG_EXIT_CODE, ConfigError } from '@tapedeck/runtime';

const TIMEOUT_MS = 30_000;

/**
 * Asks the worker's own check whether one could start here: what it lacks is to be known when the API starts, and not
 * when its workers are gone.
 * @throws ConfigError with what the check says
 */
export async function assertCanConvert(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const program = fileURLToPath(import.meta.resolve('@tapedeck/worker/check'));
  try {
    await promisify(execFile)(process.execPath, [...process.execArgv, program], { env, timeout: TIMEOUT_MS });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new ConfigError(
      `CONVERT_INLINE: expected what a worker needs (Dockerfile.api brings FFmpeg with --build-arg CONVERT_INLINE=true), got\n  ${error.stderr.trim()}`,
    );
  }
}

function isRefusal(error: unknown): error is Error & { stderr: string } {
  return error instanceof Error && 'code' in error && error.code === CONFIG_EXIT_CODE && 'stderr' in error;
}
