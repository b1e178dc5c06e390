import { CONFIG_EXIT_CODE, ConfigError } from './environment.ts';
import type { Logger } from './logs/logger.ts';

/** What `stop` may take beyond the grace: to abort what still runs and to say good-bye. */
export const FORCED_EXIT_AFTER_MS = 18_000;

export interface Lifecycle {
  /** Aborted when the process was asked to stop. */
  stopping: AbortSignal;
  /** Stops the process as a signal would, but a clean stop then ends with this exit code. */
  stop(exitCode: number): void;
}

/** EX_TEMPFAIL of sysexits: nothing is wrong, and a supervisor is to start another one. */
export const RESTART_EXIT_CODE = 75;

/**
 * Runs a process from start to stop: `start` returns how to stop. SIGTERM, SIGINT and SIGHUP stop it once; a second
 * one does no harm. Exit code 0 after a clean stop, or the one that was asked for; 78 for a wrong configuration, 1 when
 * starting or stopping failed.
 *
 * @param graceMs how long `stop` may take before the process ends regardless.
 */
export async function runProcess(
  logger: Logger,
  graceMs: number,
  start: (lifecycle: Lifecycle) => Promise<() => Promise<void>>,
): Promise<void> {
  const stopping = new AbortController();
  const stopped = waitForStop(stopping);
  const requestStop = (exitCode: number): void => {
    if (stopping.signal.aborted) return;
    process.exitCode = exitCode;
    stopping.abort();
  };
  process.on('unhandledRejection', (error) => {
    logger.fatal({ err: error }, 'unhandled rejection');
    process.exitCode = 1;
    stopping.abort(error);
  });
  try {
    const stop = await start({ stopping: stopping.signal, stop: requestStop });
    await stopped;
    const deadline = setTimeout(() => exitAtDeadline(logger), graceMs + FORCED_EXIT_AFTER_MS);
    deadline.unref();
    await stop();
    logger.info('stopped');
  } catch (error) {
    const isConfig = error instanceof ConfigError;
    logger.fatal(isConfig ? {} : { err: error }, error instanceof Error ? error.message : 'failed');
    process.exitCode = isConfig ? CONFIG_EXIT_CODE : 1;
  }
  // Whatever still holds the loop open (a socket's linger) has no claim on us any more.
  setTimeout(() => process.exit(), 1_000).unref();
}

function waitForStop(stopping: AbortController): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => stopping.abort(signal));
  }
  return new Promise((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function exitAtDeadline(logger: Logger): never {
  logger.fatal('did not stop in time');
  process.exit(1);
}
