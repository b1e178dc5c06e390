import type { Logger } from './logs/logger.ts';

const INTERVAL_MS = 10_000;
/** Some errors name a script or a job: a storm of one fault may have a message for each. */
const MAX_MESSAGES = 5;

/**
 * Logs an error once, and while the same one keeps coming, every ten seconds with how many others were left out. A Redis
 * that is full or away fails thousands of commands a second, with a few messages in turns, and nobody reads thousands of
 * lines.
 */
export function createThrottledErrorLog(logger: Logger, message: string): (error: Error) => void {
  const loggedAtMs = new Map<string, number>();
  let suppressed = 0;
  return (error) => {
    const nowMs = performance.now();
    for (const [known, atMs] of loggedAtMs) if (nowMs - atMs >= INTERVAL_MS) loggedAtMs.delete(known);
    if (loggedAtMs.has(error.message) || loggedAtMs.size >= MAX_MESSAGES) {
      suppressed += 1;
      return;
    }
    logger.error({ err: error, ...(suppressed > 0 && { suppressed }) }, message);
    loggedAtMs.set(error.message, nowMs);
    suppressed = 0;
  };
}
