import { keys } from './keys.ts';
import type { Backend } from './backend.ts';
import { enqueueCallbackOrWait } from './enqueue.ts';
import type { JobRecord } from './record.ts';
import { createRecordScript } from './record-script.ts';
import type { Redis } from './redis.ts';
import { settleWaiting } from './settle.ts';

/** KEYS job; ARGV nowMs, jobId. */
const REQUEST_CANCEL = createRecordScript(
  `
  local status = redis.call('HGET', KEYS[1], 'status')
  if status == 'queued' or status == 'processing' then
    local isNew = redis.call('HSETNX', KEYS[1], 'cancelRequestedAtMs', ARGV[1]) == 1
    changed(ARGV[2])
    if isNew and status == 'processing' then note(ARGV[2], '{"what":"cancel-requested"}') end
  end
  `,
);

/** `requested`: an attempt runs, and will end soon. `ended`: there was nothing to stop any more. */
export type CancelResult = 'canceled' | 'requested' | 'ended';

/**
 * Stops a job wherever it is. One that waits is settled here. One that runs is settled by the attempt that holds it,
 * because only that one can take back what it has begun to publish; it hears of it at once by a message, when it
 * next asks for its standing if the message is lost, and when it is dead, the next attempt settles instead of running.
 * @param firstWaitMs before the callback
 */
export async function cancelJob(backend: Backend, record: JobRecord, firstWaitMs: number): Promise<CancelResult> {
  const { redis, queues } = backend;
  const { jobId, run } = record;
  await REQUEST_CANCEL.run(redis, [keys.job(jobId)], [Date.now(), jobId]);
  const settled = await settleWaiting(redis, record, { status: 'canceled' });
  if (settled.result === 'ended') return 'ended';
  if (settled.result !== 'settled') {
    await redis.publish(keys.cancellations, jobId);
    return 'requested';
  }
  // It is canceled now. Both are found by the sweeps, or find nothing to do, if this process dies here.
  await queues.removeConversion({ jobId, run });
  await enqueueCallbackOrWait(backend, settled.callback, firstWaitMs);
  return 'canceled';
}

/** Calls back for every cancellation of a running job, until the connection is closed, which is the listener's own. */
export async function listenForCancellations(redis: Redis, onCancel: (jobId: string) => void): Promise<void> {
  redis.on('message', (channel: string, jobId: string) => {
    if (channel === keys.cancellations) onCancel(jobId);
  });
  await redis.subscribe(keys.cancellations);
}
