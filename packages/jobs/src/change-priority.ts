import type { Priority } from '@tapedeck/contracts';
import type { Backend } from './backend.ts';
import { formatHappening } from './history.ts';
import { keys } from './keys.ts';
import type { JobRecord } from './record.ts';
import { createRecordScript } from './record-script.ts';

/** KEYS job; ARGV jobId, run, request, happening or ''. Only while it waits: then it is nobody's but the queue's. */
const CHANGE = createRecordScript(
  `
  if redis.call('HGET', KEYS[1], 'status') ~= 'queued' or redis.call('HGET', KEYS[1], 'run') ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], 'request', ARGV[3])
  changed(ARGV[1])
  if ARGV[4] ~= '' then note(ARGV[1], ARGV[4]) end
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
  const happening = request.priority === priority ? '' : formatHappening({ what: 'priority', priority });
  if ((await CHANGE.run(backend.redis, [keys.job(jobId)], [jobId, run, changed, happening])) !== 1) return false;
  await backend.queues.changePriority({ jobId, run }, priority);
  return true;
}
