/** Told to a script's body when a signal asks it to stop. */
export interface Stopping {
  signal: AbortSignal;
  /** Resolves when the signal is aborted. */
  stopped: Promise<void>;
}

/**
 * Runs a script's body until it returns, throws, or a signal comes; then ends the process whatever is still open.
 * The body cleans up in its own `finally`.
 */
export async function runScript(body: (stopping: Stopping) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal));
  try {
    await body({ signal: stop.signal, stopped });
    process.exit(process.exitCode ?? 0);
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
