import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from '@tapedeck/contracts';
import type { PublishedSlug } from './cleanups.ts';
import { keys } from './keys.ts';
import { createScript, type Redis } from './redis.ts';

/** A publication replaces a handful of small objects; a worker that dies in it is waited for this long. */
const HELD_MS = 5 * 60_000;
const ASK_AGAIN_MS = 200;

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
): Promise<T> {
  const key = keys.turn(slug.bucket, slug.slug);
  const token = randomUUID();
  const deadline = performance.now() + 2 * HELD_MS;
  while ((await redis.set(key, token, 'PX', HELD_MS, 'NX')) === null) {
    if (performance.now() > deadline) throw new JobError('STORAGE_UNAVAILABLE', 'other jobs keep publishing this slug');
    await sleep(ASK_AGAIN_MS, undefined, { signal });
  }
  try {
    return await work();
  } finally {
    // What cannot be released now expires.
    await RELEASE.run(redis, [key], [token]).catch(() => undefined);
  }
}
