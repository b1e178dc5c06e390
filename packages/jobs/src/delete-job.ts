import { keys, storedName } from './keys.ts';
import { createRecordScript } from './record-script.ts';
import { createScript, type Redis } from './redis.ts';

/** KEYS job; ARGV nowMs, jobId */
const HIDE = createRecordScript(
  `
  local status = redis.call('HGET', KEYS[1], 'status')
  if not status then return 'gone' end
  if status == 'queued' or status == 'processing' then return 'alive' end
  redis.call('HSETNX', KEYS[1], 'deletedAtMs', ARGV[1])
  list(ARGV[2])
  return 'hidden'
  `,
);

/** `alive`: it has to end first. */
export type HideResult = 'hidden' | 'alive' | 'gone';

/** The first step of deleting a job: nobody sees it any more, and nobody can retry it while its files are removed. */
export async function hideJob(redis: Redis, jobId: string): Promise<HideResult> {
  return (await HIDE.run(redis, [keys.job(jobId)], [Date.now(), jobId])) as HideResult;
}

/** KEYS job; ARGV jobId */
const SHOW = createRecordScript(`if redis.call('HDEL', KEYS[1], 'deletedAtMs') == 1 then list(ARGV[1]) end`);

/** Its files could not be removed: it is there again, to be deleted another time. */
export async function showJob(redis: Redis, jobId: string): Promise<void> {
  await SHOW.run(redis, [keys.job(jobId)], [jobId]);
}

/** KEYS job */
const REMOVE = createScript(
  `
  if redis.call('HEXISTS', KEYS[1], 'deletedAtMs') == 0 then return 0 end
  if redis.call('HGET', KEYS[1], 'callbackStatus') == 'pending' then return 0 end
  return redis.call('DEL', KEYS[1])
  `,
);

/** The last step. A job whose event is still to be delivered stays until it is: deleting is no way to lose a callback. */
export async function removeHiddenJob(redis: Redis, jobId: string): Promise<void> {
  await REMOVE.run(redis, [keys.job(jobId)], []);
}

/** KEYS job; ARGV jobId, endedBeforeMs */
const REMOVE_ENDED = createRecordScript(
  `
  local finishedAtMs, callbackStatus = unpack(redis.call('HMGET', KEYS[1], 'finishedAtMs', 'callbackStatus'))
  if not finishedAtMs or tonumber(finishedAtMs) >= tonumber(ARGV[2]) then return 0 end
  if (callbackStatus or 'pending') == 'pending' then return 0 end
  redis.call('HSET', KEYS[1], 'deletedAtMs', finishedAtMs)
  list(ARGV[1])
  return redis.call('DEL', KEYS[1])
  `,
);

/**
 * Hides and removes in one step, for jobs that nobody asked to delete: who dies between two would leave one that nobody
 * finds again. Its result stays.
 * @returns false when it has not ended, or too late, or its event is still to be delivered
 */
export async function removeEndedJob(redis: Redis, jobId: string, endedBeforeMs: number): Promise<boolean> {
  return (await REMOVE_ENDED.run(redis, [keys.job(jobId)], [jobId, endedBeforeMs])) === 1;
}

/** The job whose result lies under a name now, or is being put there. */
export async function loadPublisher(redis: Redis, bucket: string, outputName: string): Promise<string | null> {
  const publisher = await redis.get(keys.publisher(bucket, outputName));
  return publisher && publisher.split(' ')[0]!;
}

/** KEYS publisher; ARGV jobId */
const FORGET = createScript(
  `if string.match(redis.call('GET', KEYS[1]) or '', '^%S*') == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
);

/** Its result was removed. */
export async function forgetPublisher(redis: Redis, bucket: string, outputName: string, jobId: string): Promise<void> {
  await FORGET.run(redis, [keys.publisher(bucket, outputName)], [jobId]);
}

/** ARGV stored name */
const UNSTORE = createRecordScript(`store(ARGV[1], 0)`);

/** Its files are gone: they count no longer as stored. */
export async function forgetStored(redis: Redis, bucket: string, outputName: string): Promise<void> {
  await UNSTORE.run(redis, [], [storedName(bucket, outputName)]);
}
