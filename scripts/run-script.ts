/**
 * Runs a script's body until it returns, throws, or a signal comes; then ends the process whatever is still open.
 * The body gets a promise that resolves at the first signal, and cleans up in its own `finally`.
 */
export async function runScript(body: (stopped: Promise<void>) => Promise<void>): Promise<void> {
  const stopped = new Promise<void>((stop) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop());
  });
  try {
    await body(stopped);
    process.exit(process.exitCode ?? 0);
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
