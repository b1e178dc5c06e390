import type { Backend } from './backend.ts';
import { enqueue } from './enqueue.ts';
import { keys } from './keys.ts';
import type { JobRecord } from './record.ts';
import { createRecordScript } from './record-script.ts';
import type { Redis } from './redis.ts';

/**
 * A new run of a job that failed or was canceled: everything that its last run has left in the record goes, and so does
 * its event if it was not delivered yet: the caller shall hear of one end, and that is not it any more.
 *
 * KEYS job, live, unqueued, outbox, alive; ARGV jobId, nowMs, jobKeyPrefix
 */
const RETRY = createRecordScript(
  `
  local status = redis.call('HGET', KEYS[1], 'status')
  if not status or redis.call('HEXISTS', KEYS[1], 'deletedAtMs') == 1 then return 'gone' end
  if status == 'queued' or status == 'processing' then
    return redis.call('HEXISTS', KEYS[1], 'cancelRequestedAtMs') == 1 and 'canceling' or 'alive'
  end
  if status ~= 'failed' and status ~= 'canceled' then return 'refused' end
  local other = redis.call('GET', KEYS[2])
  if other and other ~= ARGV[1] then
    local otherStatus = redis.call('HGET', ARGV[3] .. other, 'status')
    if otherStatus == 'queued' or otherStatus == 'processing' then return 'replaced' end
  end
  redis.call('HSETNX', KEYS[1], 'run', 1)
  redis.call('HINCRBY', KEYS[1], 'run', 1)
  redis.call('HSET', KEYS[1], 'status', 'queued', 'progress', 0, 'attempt', 0,
    'callbackStatus', 'pending', 'callbackAttempts', 0)
  redis.call('HDEL', KEYS[1], 'startedAtMs', 'finishedAtMs', 'error', 'output', 'phase', 'plan', 'eventId',
    'callbackBody', 'callbackLastStatus', 'callbackRound', 'cancelRequestedAtMs', 'holder')
  redis.call('SET', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
  redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
  redis.call('ZADD', KEYS[5], ARGV[2], ARGV[1])
  list(ARGV[1])
  note(ARGV[1], '{"what":"retried"}')
  return 'requeued'
  `,
);

/**
 * `alive`: it waits or runs already. `canceling`: it runs, but not for long. `replaced`: another job does the same.
 * `refused`: it neither failed nor was canceled. `gone`: it was deleted meanwhile.
 */
export type RetryResult = 'requeued' | 'alive' | 'canceling' | 'replaced' | 'refused' | 'gone';

export async function retryJob(backend: Backend, { jobId, fingerprint }: JobRecord): Promise<RetryResult> {
  const result = (await RETRY.run(
    backend.redis,
    [keys.job(jobId), keys.live(fingerprint), keys.unqueued, keys.outbox, keys.alive],
    [jobId, Date.now(), keys.job('')],
  )) as RetryResult;
  // Also when it is alive: an earlier retry may have died before its second step.
  if (result === 'requeued' || result === 'alive') await enqueueIfMarked(backend, jobId);
  return result;
}

async function enqueueIfMarked(backend: Backend, jobId: string): Promise<void> {
  if ((await backend.redis.zscore(keys.unqueued, jobId)) !== null) await enqueue(backend, jobId);
}

/** Another job that waits or runs, and makes the same result as this one. */
export async function findRival(redis: Redis, { jobId, fingerprint }: JobRecord): Promise<string | undefined> {
  const other = await redis.get(keys.live(fingerprint));
  if (other === null || other === jobId) return undefined;
  const status = await redis.hget(keys.job(other), 'status');
  return status === 'queued' || status === 'processing' ? other : undefined;
}
