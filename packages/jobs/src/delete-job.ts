import { keys, storedName } from './keys.ts';
import type { JobRecord } from './record.ts';
import { createRecordScript } from './record-script.ts';
import type { Redis } from './redis.ts';

/** KEYS job, hidden; ARGV nowMs, jobId */
const HIDE = createRecordScript(
  `
  local status = redis.call('HGET', KEYS[1], 'status')
  if not status then return 'gone' end
  if status == 'queued' or status == 'processing' then return 'alive' end
  redis.call('HSETNX', KEYS[1], 'deletedAtMs', ARGV[1])
  redis.call('ZADD', KEYS[2], ARGV[1], ARGV[2])
  list(ARGV[2])
  return 'hidden'
  `,
);

/** `alive`: it has to end first. */
export type HideResult = 'hidden' | 'alive' | 'gone';

/** The first step of deleting a job: nobody sees it any more, and nobody can retry it while its files are removed. */
export async function hideJob(redis: Redis, jobId: string): Promise<HideResult> {
  return (await HIDE.run(redis, [keys.job(jobId), keys.hidden], [Date.now(), jobId])) as HideResult;
}

/** KEYS job, hidden; ARGV jobId, hidden before. Answers whether it shows it. */
const SHOW = createRecordScript(
  `
  local hiddenAtMs = redis.call('ZSCORE', KEYS[2], ARGV[1])
  if hiddenAtMs and tonumber(hiddenAtMs) > tonumber(ARGV[2]) then return 0 end
  redis.call('ZREM', KEYS[2], ARGV[1])
  if redis.call('HDEL', KEYS[1], 'deletedAtMs') == 0 then return 0 end
  list(ARGV[1])
  return 1
  `,
);

/** Its files could not be removed: it is there again, to be deleted another time. */
export async function showJob(redis: Redis, jobId: string): Promise<void> {
  await show(redis, jobId, Infinity);
}

async function show(redis: Redis, jobId: string, hiddenBeforeMs: number): Promise<boolean> {
  const before = Number.isFinite(hiddenBeforeMs) ? hiddenBeforeMs : '+inf';
  return (await SHOW.run(redis, [keys.job(jobId), keys.hidden], [jobId, before])) === 1;
}

/** KEYS job, hidden; ARGV jobId */
const REMOVE = createRecordScript(
  `
  local isNew = redis.call('ZREM', KEYS[2], ARGV[1]) == 1
  if redis.call('HEXISTS', KEYS[1], 'deletedAtMs') == 0 then return 0 end
  if isNew then tell(ARGV[1], 'deleted') end
  if redis.call('HGET', KEYS[1], 'callbackStatus') == 'pending' then return 0 end
  return redis.call('DEL', KEYS[1], keyOf('history', ARGV[1]))
  `,
);

/** The last step. A job whose event is still to be delivered stays until it is: deleting is no way to lose a callback. */
export async function removeHiddenJob(redis: Redis, jobId: string): Promise<void> {
  await REMOVE.run(redis, [keys.job(jobId), keys.hidden], [jobId]);
}

const PAGE = 100;

/**
 * Shows the jobs again whose deletion was begun so long ago and not ended: who deleted them has died, and was answered
 * nothing. Else nobody would find them again, nor their files.
 */
export async function showAbandoned(redis: Redis, olderThanMs: number): Promise<string[]> {
  const hiddenBeforeMs = Date.now() - olderThanMs;
  const shown: string[] = [];
  for (const jobId of await redis.zrangebyscore(keys.hidden, 0, hiddenBeforeMs, 'LIMIT', 0, PAGE)) {
    if (await show(redis, jobId, hiddenBeforeMs)) shown.push(jobId);
  }
  return shown;
}

/**
 * It frees before it takes: Redis lets a script go on that has begun to write, also when it is full. So a full one can be
 * emptied.
 *
 * KEYS job; ARGV jobId, endedBeforeMs
 */
const REMOVE_ENDED = createRecordScript(
  `
  local finishedAtMs, callbackStatus = unpack(redis.call('HMGET', KEYS[1], 'finishedAtMs', 'callbackStatus'))
  if not finishedAtMs or tonumber(finishedAtMs) >= tonumber(ARGV[2]) then return 0 end
  if (callbackStatus or 'pending') == 'pending' then return 0 end
  unlist(ARGV[1])
  changed(ARGV[1])
  redis.call('DEL', KEYS[1], keyOf('history', ARGV[1]))
  return 1
  `,
);

/**
 * Hides and removes in one step: there is nothing to do in between. Its result stays.
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

/** KEYS publisher; ARGV jobId, stored name */
const FORGET = createRecordScript(
  `
  if string.match(redis.call('GET', KEYS[1]) or '', '^%S*') ~= ARGV[1] then return end
  redis.call('DEL', KEYS[1])
  store(ARGV[2], 0)
  `,
);

/**
 * Its result was removed, or its record is. What stays of it counts no longer as stored: nobody would ever take it off
 * the count again. Nothing happens where another job's result lies there.
 */
export async function forgetPublisher(redis: Redis, { jobId, request, outputName }: JobRecord): Promise<void> {
  const { bucket } = request;
  await FORGET.run(redis, [keys.publisher(bucket, outputName)], [jobId, storedName(bucket, outputName)]);
}

/** ARGV stored name */
const UNSTORE = createRecordScript(`store(ARGV[1], 0)`);

/** Its files are gone: they count no longer as stored. */
export async function forgetStored(redis: Redis, bucket: string, outputName: string): Promise<void> {
  await UNSTORE.run(redis, [], [storedName(bucket, outputName)]);
}
