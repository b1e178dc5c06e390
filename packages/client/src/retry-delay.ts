import type { TapedeckError } from './tapedeck-error.ts';

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8_000;
/** Callers are functions that end in seconds or minutes: who is told to come back later than this is told so. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * How long to wait before the next try: twice as long as before the last one, and not less than the API asked for.
 * ± 20 %, so that those who failed together do not return together; never earlier than asked.
 * @param triesMade how many there were, from 1
 * @returns milliseconds; undefined when the API wants to be left alone for so long that the caller has to decide
 */
export function chooseRetryDelay(
  { retryAfterMs = 0 }: TapedeckError,
  triesMade: number,
  random: () => number = Math.random,
): number | undefined {
  if (retryAfterMs > MAX_RETRY_AFTER_MS) return undefined;
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (triesMade - 1), MAX_DELAY_MS);
  return Math.max(retryAfterMs, delayMs * 0.8) + delayMs * 0.4 * random();
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3), as milliseconds from now. */
export function parseRetryAfter(header: string | null, nowMs: number = Date.now()): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
