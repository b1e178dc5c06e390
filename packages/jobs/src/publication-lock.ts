import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from '@tapedeck/contracts';
import type { PublishedSlug } from './cleanups.ts';
import { keys } from './keys.ts';
import { createScript, type Redis } from './redis.ts';

/** A worker that dies with the turn is waited for this long; one that lives renews it three times in it. */
const HELD_MS = 60_000;
/** How long the others may take. */
const PATIENCE_MS = 10 * 60_000;
const ASK_AGAIN_MS = 200;

/** KEYS lock; ARGV token, ms */
const RENEW = createScript(
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`,
);

/** KEYS lock; ARGV token */
const RELEASE = createScript(
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
);

/**
 * Runs `work` while no other job replaces the objects below the slug. Two jobs may have one slug; taking turns, the
 * later one wins whole, and its master never leads to the other's playlists.
 * @throws JobError STORAGE_UNAVAILABLE when the others do not get done
 */
export async function takeTurn<T>(
  redis: Redis,
  slug: PublishedSlug,
  signal: AbortSignal,
  work: () => Promise<T>,
  heldMs = HELD_MS,
): Promise<T> {
  const key = keys.turn(slug.bucket, slug.slug);
  const token = randomUUID();
  const deadline = performance.now() + PATIENCE_MS;
  while ((await redis.set(key, token, 'PX', heldMs, 'NX')) === null) {
    if (performance.now() > deadline) throw new JobError('STORAGE_UNAVAILABLE', 'other jobs keep publishing this slug');
    await sleep(ASK_AGAIN_MS, undefined, { signal });
  }
  // A renewal that fails is followed by the next; two may.
  const renewal = setInterval(() => void RENEW.run(redis, [key], [token, heldMs]).catch(() => undefined), heldMs / 3);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    // What cannot be released now expires.
    await RELEASE.run(redis, [key], [token]).catch(() => undefined);
  }
}
