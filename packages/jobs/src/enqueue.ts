import type { Backend } from './backend.ts';
import { keys } from './keys.ts';
import type { CallbackEntry } from './queues.ts';
import type { Journal } from './journal.ts';
import { loadGeneration } from './generation.ts';
import { loadRecordFields, parseRecord, type RecordFields } from './record.ts';
import { createScript } from './redis.ts';
import { restoreEntry } from './restore.ts';

/**
 * The second step of whatever makes a job wait: its record is in `unqueued` from the first step on, until it is in the
 * journal and its entry is in the queue, in this order. May be repeated after any failure.
 * @returns false when there is no such job (any more)
 */
export async function enqueue(backend: Backend, jobId: string): Promise<boolean> {
  const { redis, queues, journal } = backend;
  const fields = await loadRecordFields(redis, jobId);
  if (!fields) return false;
  const { status, run, request } = parseRecord(fields);
  if (status === 'queued') {
    const wasLost =
      journal && (await journalAccepted(backend, journal, { jobId, run, bucket: request.bucket }, fields));
    if (wasLost) return enqueue(backend, jobId);
    await queues.addConversion({ jobId, run }, request.kind, request.priority);
  }
  await redis.zrem(keys.unqueued, jobId);
  return true;
}

/** @returns whether Redis has lost the job meanwhile; it is there again, as a new run that is to be enqueued */
async function journalAccepted(
  { redis }: Backend,
  journal: Journal,
  { jobId, run, bucket }: { jobId: string; run: number; bucket: string },
  fields: RecordFields,
): Promise<boolean> {
  const entry = { stage: 'accepted', jobId, run, fields } as const;
  const before = await loadGeneration(redis);
  await journal.append(bucket, entry);
  const after = await loadGeneration(redis);
  // A comparison that has ended meanwhile may have read the journal before this was in it.
  const isSame = after.token !== null && after.token === before.token;
  return !isSame && restoreEntry(redis, entry);
}

/** KEYS job; ARGV eventId. Not a plain HSET: it would make a record of nothing. */
const MARK_JOURNALED = createScript(
  `if redis.call('HGET', KEYS[1], 'eventId') == ARGV[1] then redis.call('HSET', KEYS[1], 'journaledEventId', ARGV[1]) end`,
);

/**
 * The second step of whatever makes an event wait, which is in `outbox` from the first on: into the journal, then into
 * the queue. May be repeated after any failure.
 */
export async function enqueueCallback(backend: Backend, callback: CallbackEntry, delayMs?: number): Promise<void> {
  const { redis, queues, journal } = backend;
  const { jobId, eventId } = callback;
  if (journal) {
    const fields = await loadRecordFields(redis, jobId);
    if (fields?.eventId !== eventId) return;
    if (fields.journaledEventId !== eventId) {
      // Old data may not know that the job had ended before; whoever compares it with the journal finds that out.
      if (!(await loadGeneration(redis)).isCurrent) throw new Error('Redis has not been compared with the journal yet');
      const { request, run } = parseRecord(fields);
      await journal.append(request.bucket, { stage: 'settled', jobId, run, fields });
      await MARK_JOURNALED.run(redis, [keys.job(jobId)], [eventId]);
    }
  }
  await queues.addCallback(callback, delayMs);
}
