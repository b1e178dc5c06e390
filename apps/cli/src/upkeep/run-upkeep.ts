import { ConfigError, loadConfigOrExit } from '@tapedeck/runtime';
import { describeFailure, type UpkeepOptions } from '@tapedeck/upkeep';
import { loadConfig, type CliConfig } from '../config.ts';
import { withService, type Service } from './open-service.ts';
import { createReport, type Report } from './report.ts';

const FAREWELL_MS = 10_000;

/** What every command here takes. */
export interface RunOptions {
  dryRun?: boolean;
  json?: boolean;
}

export interface UpkeepRun extends UpkeepOptions {
  config: CliConfig;
  service: Service;
  report: Report;
}

/**
 * Runs a command on the service, and tells of it. Ctrl-C and SIGTERM end it in between two things. The exit code is 0
 * when nothing failed, and 1 when something did or it was interrupted.
 */
export async function runUpkeep(
  env: NodeJS.ProcessEnv,
  { dryRun = false, json = false }: RunOptions,
  work: (run: UpkeepRun) => Promise<void>,
): Promise<void> {
  const { config, redisUrl } = loadConfigOrExit(() => loadServiceConfig(env));
  const report = createReport({ json, dryRun, stdout: process.stdout, stderr: process.stderr });
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stopping.abort());
  const { signal } = stopping;
  // Of a Redis that is away nothing else would end the wait.
  signal.addEventListener('abort', () => void setTimeout(() => process.exit(1), FAREWELL_MS).unref());
  try {
    await withService(config, redisUrl, (service) => {
      const { onDeed } = report;
      return work({ config, service, report, dryRun, onDeed, signal });
    });
  } catch (error) {
    if (!signal.aborted) report.onDeed({ outcome: 'failed', about: 'tapedeck', what: describeFailure(error) });
  }
  process.exitCode = report.close(signal.aborted) ? 0 : 1;
}

/** @throws ConfigError also when the environment names no Redis */
function loadServiceConfig(env: NodeJS.ProcessEnv): { config: CliConfig; redisUrl: string } {
  const config = loadConfig(env);
  if (!config.REDIS_URL) throw new ConfigError('REDIS_URL: expected redis://, rediss:// or unix:, got nothing');
  return { config, redisUrl: config.REDIS_URL };
}
