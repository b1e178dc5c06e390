import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

/** Timers of processes do not agree to the millisecond. */
const EARLY = 0.9;

/**
 * Some things need doing now and then, by one worker for all. Every worker asks each time; one of them gets the round.
 * Who dies with it is followed by another in the next: there is nothing to hand over, and nothing to set up again
 * once Redis has lost its data.
 */
export async function claimRound(redis: Redis, name: string, intervalMs: number): Promise<boolean> {
  return (await redis.set(keys.round(name), '1', 'PX', Math.round(intervalMs * EARLY), 'NX')) !== null;
}

/** The next who asks gets the next round at once. */
export async function endRound(redis: Redis, name: string): Promise<void> {
  await redis.del(keys.round(name));
}
