import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from '@tapedeck/contracts';
import { keys } from './keys.ts';
import type { JobRecord } from './record.ts';
import { createScript, type Redis } from './redis.ts';

/** Where results lie that replace each other: below a slug, or at the key of an MP4. */
export interface Place {
  bucket: string;
  place: string;
}

export function placeOf({ request, outputName }: JobRecord): Place {
  return { bucket: request.bucket, place: request.kind === 'hls' ? request.slug : outputName };
}

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
 * Runs `work` while no other job replaces the objects at this place. Two jobs may have one; taking turns, the
 * later one wins whole, and its master never leads to the other's playlists.
 * @throws JobError STORAGE_UNAVAILABLE when the others do not get done
 */
export async function takeTurn<T>(
  redis: Redis,
  { bucket, place }: Place,
  signal: AbortSignal,
  work: () => Promise<T>,
  heldMs = HELD_MS,
): Promise<T> {
  const key = keys.turn(bucket, place);
  const token = randomUUID();
  const deadline = performance.now() + PATIENCE_MS;
  while ((await redis.set(key, token, 'PX', heldMs, 'NX')) === null) {
    if (performance.now() > deadline)
      throw new JobError('STORAGE_UNAVAILABLE', 'other jobs keep publishing at this place');
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

/**
 * Runs `work`, which replaces what lies at the job's place, in a turn. From its beginning on the result is this job's, so
 * nobody removes it as another's; when it fails, it is again whose it was.
 */
export function publishInTurn<T>(
  redis: Redis,
  record: JobRecord,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const { jobId, request, outputName } = record;
  const key = keys.publisher(request.bucket, outputName);
  return takeTurn(redis, placeOf(record), signal, async () => {
    const previous = await redis.set(key, jobId, 'GET');
    try {
      return await work();
    } catch (error) {
      await (previous === null ? redis.del(key) : redis.set(key, previous)).catch(() => undefined);
      throw error;
    }
  });
}
