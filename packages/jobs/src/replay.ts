import { enqueueCallbackOrWait } from './enqueue.ts';
import { keys } from './keys.ts';
import type { Backend } from './backend.ts';
import type { JobRecord } from './record.ts';
import { createRecordScript } from './record-script.ts';

/**
 * The same event with the same id and body, from the start of the schedule.
 *
 * KEYS job, outbox; ARGV jobId, nowMs, eventId. Answers the round, or nothing when the event is no longer the job's.
 */
const REPLAY = createRecordScript(
  `
  if redis.call('HGET', KEYS[1], 'eventId') ~= ARGV[3] then return false end
  if redis.call('HEXISTS', KEYS[1], 'deletedAtMs') == 1 then return false end
  redis.call('HSETNX', KEYS[1], 'callbackRound', 1)
  redis.call('HSET', KEYS[1], 'callbackStatus', 'pending', 'callbackAttempts', 0)
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
  list(ARGV[1])
  note(ARGV[1], '{"what":"callback-resent"}')
  return redis.call('HINCRBY', KEYS[1], 'callbackRound', 1)
  `,
);

/** @returns false when the job has not ended */
export async function replayCallback(backend: Backend, record: JobRecord): Promise<boolean> {
  const { jobId, eventId } = record;
  if (!eventId) return false;
  const round = await REPLAY.run(backend.redis, [keys.job(jobId), keys.outbox], [jobId, Date.now(), eventId]);
  if (typeof round !== 'number') return false;
  await enqueueCallbackOrWait(backend, { jobId, eventId, round });
  return true;
}
