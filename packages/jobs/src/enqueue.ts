import { keys } from './keys.ts';
import type { Queues } from './queues.ts';
import { loadRecord } from './record.ts';
import type { Redis } from './redis.ts';

/**
 * The second step of whatever makes a job wait: its record is in `unqueued` from the first step on, until its entry is in
 * the queue. May be repeated after any failure.
 */
export async function enqueue(redis: Redis, queues: Queues, jobId: string): Promise<void> {
  const record = await loadRecord(redis, jobId);
  if (record?.status === 'queued') {
    const { run, request } = record;
    await queues.addConversion({ jobId, run }, request.kind, request.priority);
  }
  await redis.zrem(keys.unqueued, jobId);
}
