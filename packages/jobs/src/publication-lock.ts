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

/** KEYS lock; ARGV token, ms, owner. A turn of the same owner is taken over: its last attempt has lost it with the job. */
const TAKE = createScript(
  `
  local held = redis.call('GET', KEYS[1])
  if held and string.sub(held, 1, #ARGV[3]) ~= ARGV[3] then return 0 end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
  `,
);

/** KEYS lock; ARGV token, ms */
const RENEW = createScript(
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`,
);

/** KEYS lock; ARGV token */
const RELEASE = createScript(
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
);

/** KEYS publisher; ARGV jobId. Beside it stands whose it was, which an earlier attempt of the same job may have written. */
const TAKE_PLACE = createScript(
  `
  local publisher, before = string.match(redis.call('GET', KEYS[1]) or '', '^(%S*) ?(%S*)$')
  if publisher ~= ARGV[1] then redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. publisher) end
  `,
);

/** KEYS lock, publisher; ARGV token */
const GIVE_BACK = createScript(
  `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  local before = string.match(redis.call('GET', KEYS[2]) or '', ' (%S+)$')
  if not before then return redis.call('DEL', KEYS[2]) end
  redis.call('SET', KEYS[2], before)
  return 1
  `,
);

export interface TurnOptions {
  /** Whose turn it is: attempts of one job need not wait for each other, because at most one of them holds the job. */
  owner?: string;
  heldMs?: number;
}

/**
 * Runs `work` while no other job replaces the objects at this place. Two jobs may have one; taking turns, the
 * later one wins whole, and its master never leads to the other's playlists.
 * @param work gets the token of its turn
 * @throws JobError STORAGE_UNAVAILABLE when the others do not get done
 */
export async function takeTurn<T>(
  redis: Redis,
  { bucket, place }: Place,
  signal: AbortSignal,
  work: (token: string) => Promise<T>,
  { owner = randomUUID(), heldMs = HELD_MS }: TurnOptions = {},
): Promise<T> {
  const key = keys.turn(bucket, place);
  const token = `${owner} ${randomUUID()}`;
  const deadline = performance.now() + PATIENCE_MS;
  while ((await TAKE.run(redis, [key], [token, heldMs, `${owner} `])) !== 1) {
    if (performance.now() > deadline)
      throw new JobError('STORAGE_UNAVAILABLE', 'other jobs keep publishing at this place');
    await sleep(ASK_AGAIN_MS, undefined, { signal });
  }
  // A renewal that fails is followed by the next; two may.
  const renewal = setInterval(() => void RENEW.run(redis, [key], [token, heldMs]).catch(() => undefined), heldMs / 3);
  try {
    return await work(token);
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
  const place = placeOf(record);
  const publisher = keys.publisher(request.bucket, outputName);
  const publish = async (token: string): Promise<T> => {
    await TAKE_PLACE.run(redis, [publisher], [jobId]);
    try {
      return await work();
    } catch (error) {
      const lock = keys.turn(place.bucket, place.place);
      await GIVE_BACK.run(redis, [lock, publisher], [token]).catch(() => undefined);
      throw error;
    }
  };
  return takeTurn(redis, place, signal, publish, { owner: jobId });
}
