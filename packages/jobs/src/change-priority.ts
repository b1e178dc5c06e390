import type { Priority } from '@tapedeck/contracts';
import type { Backend } from './backend.ts';
import { keys } from './keys.ts';
import type { JobRecord } from './record.ts';
import { createRecordScript } from './record-script.ts';

/** KEYS job; ARGV jobId, run, request. Only while it waits: then it is nobody's but the queue's. */
const CHANGE = createRecordScript(
  `
  if redis.call('HGET', KEYS[1], 'status') ~= 'queued' or redis.call('HGET', KEYS[1], 'run') ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], 'request', ARGV[3])
  changed(ARGV[1])
  return 1
  `,
);

/**
 * Lets a job that waits go before others, or behind them. What its entry in the queue says follows what the record says,
 * also when the entry is made anew.
 * @returns false when it does not wait any more
 */
export async function changePriority(backend: Backend, record: JobRecord, priority: Priority): Promise<boolean> {
  const { jobId, run, request } = record;
  const changed = JSON.stringify({ ...request, priority });
  if ((await CHANGE.run(backend.redis, [keys.job(jobId)], [jobId, run, changed])) !== 1) return false;
  await backend.queues.changePriority({ jobId, run }, priority);
  return true;
}
