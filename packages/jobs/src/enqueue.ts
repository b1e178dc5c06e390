import type { Backend } from './backend.ts';
import { isOld, isUnchanged, loadGeneration } from './generation.ts';
import { keys } from './keys.ts';
import type { CallbackEntry } from './queues.ts';
import { loadRecordFields, parseRecord } from './record.ts';
import { createScript } from './redis.ts';
import { restoreEntry } from './restore.ts';

/** KEYS job, unqueued; ARGV jobId, run. Another run may have begun meanwhile, and waits for its own entry. */
const UNMARK = createScript(
  `
  local run = redis.call('HGET', KEYS[1], 'run')
  if run and run ~= ARGV[2] then return 0 end
  return redis.call('ZREM', KEYS[2], ARGV[1])
  `,
);

/**
 * The second step of whatever makes a job wait: its record is in `unqueued` from the first step on, until it is in the
 * journal and its entry is in the queue, in this order. May be repeated after any failure.
 * @returns false when there is no such job (any more)
 */
export async function enqueue(backend: Backend, jobId: string): Promise<boolean> {
  const { redis, queues, journal } = backend;
  const before = journal && (await loadGeneration(redis));
  const fields = await loadRecordFields(redis, jobId);
  if (!fields) return false;
  const { status, run, request } = parseRecord(fields);
  if (status === 'queued') {
    if (journal && before) {
      const entry = { state: 'accepted', jobId, run, fields } as const;
      await journal.append(request.bucket, entry);
      // A comparison that has ended meanwhile may have read the journal before this was in it.
      const isLost = !(await isUnchanged(redis, before)) && (await restoreEntry(redis, entry));
      if (isLost) return enqueue(backend, jobId);
    }
    await queues.addConversion({ jobId, run }, request);
  }
  await UNMARK.run(redis, [keys.job(jobId), keys.unqueued], [jobId, run]);
  return true;
}

/** KEYS job; ARGV eventId. Not a plain HSET: it would make a record of nothing. */
const MARK_JOURNALED = createScript(
  `if redis.call('HGET', KEYS[1], 'eventId') == ARGV[1] then redis.call('HSET', KEYS[1], 'journaledEventId', ARGV[1]) end`,
);

/**
 * The second step of whatever makes an event wait, which is in `outbox` from the first on: into the journal, then into
 * the queue. May be repeated after any failure.
 * @throws Error when Redis has lost data: the job may have ended before, as a comparison will find out
 */
export async function enqueueCallback(backend: Backend, callback: CallbackEntry, delayMs?: number): Promise<void> {
  const { redis, queues, journal } = backend;
  const { jobId, eventId } = callback;
  if (journal) {
    const before = await loadGeneration(redis);
    const fields = await loadRecordFields(redis, jobId);
    if (fields?.eventId !== eventId) return;
    if (fields.journaledEventId !== eventId) {
      if (!before.isCurrent) throw new Error('Redis has not been compared with the journal yet');
      const { request, run } = parseRecord(fields);
      await journal.append(request.bucket, { state: 'settled', jobId, run, fields });
      if (!(await isUnchanged(redis, before))) throw new Error('Redis has lost data meanwhile');
      await MARK_JOURNALED.run(redis, [keys.job(jobId)], [eventId]);
    }
  }
  await queues.addCallback(callback, delayMs);
}

/**
 * For who has made an event wait, and can say so: what cannot be done now, the sweep of the outbox does.
 * @throws what kept it from being done, where Redis holds old data: what it says of a job may be over
 */
export async function enqueueCallbackOrWait(
  backend: Backend,
  callback: CallbackEntry,
  delayMs?: number,
): Promise<void> {
  await enqueueCallback(backend, callback, delayMs).catch(async (error: unknown) => {
    if (await isOld(backend)) throw error;
  });
}
