import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FORCED_EXIT_AFTER_MS, RESTART_EXIT_CODE, type Logger } from '@tapedeck/runtime';

export interface StandInOptions {
  /** The worker's, too: it is another process of the same installation. */
  env: Readonly<Record<string, string | undefined>>;
  /** What it has to end what it runs, or to hand it back. */
  graceMs: number;
  logger: Logger;
}

/** A little before we would be forced to exit ourselves: whoever stops us finds nothing left. */
const KILL_AFTER_GRACE_MS = FORCED_EXIT_AFTER_MS - 1_000;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;

/**
 * Keeps a worker running until the signal, and then lets it end what it runs, within its grace. One that dies is started
 * again, after a pause that doubles while it keeps dying. Resolves when there is none any more; never rejects.
 */
export async function runStandIn(options: StandInOptions, signal: AbortSignal): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const startedAtMs = performance.now();
    const exit = await runWorker(options, signal).catch((error: unknown) => ({ err: error }));
    if (signal.aborted) return;
    const hasLasted = performance.now() - startedAtMs > MAX_PAUSE_MS;
    if (hasLasted || isRestart(exit)) pauseMs = FIRST_PAUSE_MS;
    options.logger.warn({ ...exit, pauseMs }, 'the stand-in ended; it is started again');
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
  }
}

interface Exit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

/** It was too large, and has asked for it. */
function isRestart(exit: Exit | { err: unknown }): boolean {
  return 'exitCode' in exit && exit.exitCode === RESTART_EXIT_CODE;
}

/** @throws Error when it cannot be started */
async function runWorker({ env, graceMs }: StandInOptions, signal: AbortSignal): Promise<Exit> {
  const program = fileURLToPath(import.meta.resolve('@tapedeck/worker'));
  const child = spawn(process.execPath, [...process.execArgv, program, '--stand-in'], {
    env: { ...env, WORKER_CONCURRENCY: '1' },
    // By the last one it hears of our end, even where we can say nothing.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  let killer: NodeJS.Timeout | undefined;
  const end = (): void => {
    child.kill('SIGTERM');
    killer = setTimeout(() => child.kill('SIGKILL'), graceMs + KILL_AFTER_GRACE_MS);
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    await exited;
    return { exitCode: child.exitCode, signal: child.signalCode };
  } finally {
    signal.removeEventListener('abort', end);
    clearTimeout(killer);
  }
}
