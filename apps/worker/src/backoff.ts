import type { JobError } from '@tapedeck/contracts';

const JITTER = 0.2;

/**
 * How long to wait after a failed attempt: exponential, longer for what needs time by itself, ± 20 % so that jobs that
 * failed together do not return together.
 * @param attemptNumber 1 for the first
 * @returns ms
 */
export function backoffMs(baseMs: number, attemptNumber: number, error: JobError, random = Math.random): number {
  const jitter = 1 - JITTER + 2 * JITTER * random();
  return Math.round(baseMs * 2 ** (attemptNumber - 1) * error.backoffFactor * jitter);
}
