/**
 * Before each further try of one request to a store. Five tries in half a minute: Spaces takes five PUTs of one object in
 * five minutes, and what is away for longer is for the job's attempts.
 */
export const RETRY_DELAYS_MS: readonly number[] = [1_500, 4_500, 9_000, 15_000];

/** ± 20 %, so that those who failed together do not return together. */
export function withJitter(delayMs: number): number {
  return Math.round(delayMs * (0.8 + 0.4 * Math.random()));
}
