import { keys } from './keys.ts';
import { createScript, type Redis } from './redis.ts';

/**
 * A job whose event is still to be delivered stays, unseen, until it is: deleting is no way to lose a callback.
 *
 * KEYS job; ARGV nowMs
 */
const DELETE = createScript(
  `
  local status = redis.call('HGET', KEYS[1], 'status')
  if not status then return 'gone' end
  if status == 'queued' or status == 'processing' then return 'alive' end
  if redis.call('HGET', KEYS[1], 'callbackStatus') == 'pending' then
    redis.call('HSETNX', KEYS[1], 'deletedAtMs', ARGV[1])
  else redis.call('DEL', KEYS[1]) end
  return 'deleted'
  `,
);

/** `alive`: it has to end first. */
export type DeleteResult = 'deleted' | 'alive' | 'gone';

export async function deleteJob(redis: Redis, jobId: string): Promise<DeleteResult> {
  return (await DELETE.run(redis, [keys.job(jobId)], [Date.now()])) as DeleteResult;
}

/** The job whose result lies under a name now: the last one that completed with it. */
export async function loadPublisher(redis: Redis, bucket: string, outputName: string): Promise<string | null> {
  return redis.get(keys.publisher(bucket, outputName));
}

/** KEYS publisher; ARGV jobId */
const FORGET = createScript(
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
);

/** Its result was removed. */
export async function forgetPublisher(redis: Redis, bucket: string, outputName: string, jobId: string): Promise<void> {
  await FORGET.run(redis, [keys.publisher(bucket, outputName)], [jobId]);
}
