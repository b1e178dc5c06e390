import { ConfigError } from '@tapedeck/runtime';
import { describeFailure, type UpkeepOptions } from '@tapedeck/upkeep';
import { loadConfig, type CliConfig } from '../config.ts';
import { EXIT_CODES, judgeError } from '../exit-code.ts';
import { createInterruption } from '../interruption.ts';
import { withService, type Service } from './open-service.ts';
import { createReport, type Report } from './report.ts';

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
 * when nothing failed, 1 when something did, and what EXIT_CODES says when it could not go on or was interrupted.
 */
export async function runUpkeep(
  env: NodeJS.ProcessEnv,
  { dryRun = false, json = false }: RunOptions,
  work: (run: UpkeepRun) => Promise<void>,
): Promise<void> {
  const { config, redisUrl } = loadServiceConfig(env);
  const report = createReport({ json, dryRun, stdout: process.stdout, stderr: process.stderr });
  const signal = createInterruption();
  let brokenOff: unknown;
  try {
    await withService(config, redisUrl, (service) => {
      const { onDeed } = report;
      return work({ config, service, report, dryRun, onDeed, signal });
    });
  } catch (error) {
    brokenOff = error;
    if (!signal.aborted) report.onDeed({ outcome: 'failed', about: 'tapedeck', what: describeFailure(error) });
  }
  const isWell = report.close(signal.aborted);
  const reason: unknown = signal.aborted ? signal.reason : brokenOff;
  if (reason !== undefined) process.exitCode = judgeError(reason).exitCode;
  else process.exitCode = isWell ? EXIT_CODES.done : EXIT_CODES.failed;
}

/** @throws ConfigError also when the environment names no Redis */
function loadServiceConfig(env: NodeJS.ProcessEnv): { config: CliConfig; redisUrl: string } {
  const config = loadConfig(env);
  if (!config.REDIS_URL) throw new ConfigError('REDIS_URL: expected redis://, rediss:// or unix:, got nothing');
  return { config, redisUrl: config.REDIS_URL };
}
