import type { Logger } from './logger.ts';

const INTERVAL_MS = 10_000;

/**
 * Logs an error once, and while the same one keeps coming, every ten seconds with how often it came. A Redis that is
 * full or away fails thousands of commands a second, and nobody reads thousands of lines.
 */
export function createThrottledErrorLog(logger: Logger, message: string): (error: Error) => void {
  let last = '';
  let loggedAt = -Infinity;
  let suppressed = 0;
  return (error) => {
    const isNews = error.message !== last;
    if (!isNews && performance.now() - loggedAt < INTERVAL_MS) {
      suppressed += 1;
      return;
    }
    logger.error({ err: error, ...(suppressed > 0 && { suppressed }) }, message);
    last = error.message;
    loggedAt = performance.now();
    suppressed = 0;
  };
}
