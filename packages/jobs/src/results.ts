import { keys } from './keys.ts';
import { createRecordScript } from './record-script.ts';
import type { Redis } from './redis.ts';

/** The jobs whose results were published before that time, and are to be deleted: the oldest first. */
export function findOldResults(
  redis: Redis,
  endedBeforeMs: number,
  { offset, limit }: { offset: number; limit: number },
): Promise<string[]> {
  return redis.zrangebyscore(keys.results, 0, `(${endedBeforeMs}`, 'LIMIT', offset, limit);
}

/** Is its result one that can still be deleted? */
export async function hasResult(redis: Redis, jobId: string): Promise<boolean> {
  return (await redis.zscore(keys.results, jobId)) !== null;
}

/** KEYS job; ARGV jobId, nowMs */
const MARK_DELETED = createRecordScript(
  `
  if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
  redis.call('HSETNX', KEYS[1], 'resultDeletedAtMs', ARGV[2])
  list(ARGV[1])
  return 1
  `,
);

/** The record stays, and says that the result is gone. */
export async function markResultDeleted(redis: Redis, jobId: string): Promise<void> {
  await MARK_DELETED.run(redis, [keys.job(jobId)], [jobId, Date.now()]);
}

/** KEYS job, results; ARGV jobId, nowMs. Also of one whose record is gone. */
const FORGET = createRecordScript(
  `
  redis.call('ZREM', KEYS[2], ARGV[1])
  if redis.call('EXISTS', KEYS[1]) == 0 then return end
  redis.call('HSET', KEYS[1], 'resultForgottenAtMs', ARGV[2])
  list(ARGV[1])
  `,
);

/** It is not ours to delete: a later job has replaced it, or it lies where the caller wanted it. */
export async function forgetResult(redis: Redis, jobId: string): Promise<void> {
  await FORGET.run(redis, [keys.job(jobId), keys.results], [jobId, Date.now()]);
}

/** It could not be deleted, and holds up no other. @param atMs as if it had been published then */
export async function postponeResult(redis: Redis, jobId: string, atMs: number): Promise<void> {
  await redis.zadd(keys.results, 'XX', atMs, jobId);
}
