import { callbackFormatOf, type CallbackFormat, type CallbackStatus, type Happening } from '@tapedeck/contracts';
import type { Backend } from './backend.ts';
import { enqueue, enqueueCallback } from './enqueue.ts';
import { formatHappening } from './history.ts';
import { keys } from './keys.ts';
import type { CallbackEntry } from './queues.ts';
import { loadRecord, type JobRecord } from './record.ts';
import { createRecordScript } from './record-script.ts';
import type { Redis } from './redis.ts';
import { addTallies, countOf, observationOf, type Tallies } from './tallies.ts';

/** What has to be sent for one event. The body is the same on every try, to the byte. */
export interface OutboxEntry extends CallbackEntry {
  callbackUrl: string;
  callbackFormat: CallbackFormat;
  bucket: string;
  run: number;
  body: string;
  /** How often it was tried before. */
  tries: number;
  /** undefined when it was sent by hand again: then nobody has waited for it since. */
  settledAtMs: number | undefined;
}

/** @returns undefined when the event was delivered, given up, replaced by a later one, or is being sent anew. */
export async function loadOutboxEntry(
  { redis, journal }: Pick<Backend, 'redis' | 'journal'>,
  entry: CallbackEntry,
): Promise<OutboxEntry | undefined> {
  const record = await loadRecord(redis, entry.jobId);
  if (!record?.callbackBody || record.eventId !== entry.eventId || record.callbackRound !== entry.round)
    return undefined;
  if (record.callbackStatus !== 'pending') return undefined;
  // The sweep writes it down, and comes back.
  if (journal && record.journaledEventId !== entry.eventId) return undefined;
  const { request, run, callbackBody: body, callbackAttempts: tries } = record;
  const { callbackUrl, bucket } = request;
  const settledAtMs = record.callbackRound === 1 ? record.finishedAtMs : undefined;
  return { ...entry, callbackUrl, callbackFormat: callbackFormatOf(request), bucket, run, body, tries, settledAtMs };
}

export interface CallbackTry {
  status: CallbackStatus;
  /** The receiver's HTTP status; undefined when there was no answer. */
  httpStatus: number | undefined;
  /** Of the exchange; 0 where nobody has measured it. */
  durationMs?: number;
  /** Of one that is pending. */
  nextTryInMs?: number | undefined;
}

/** KEYS job, outbox, hidden; ARGV eventId, jobId, status, http status or '', round, tallies, happening. */
const RECORD_TRY = createRecordScript(
  `
  if redis.call('HGET', KEYS[1], 'eventId') ~= ARGV[1] then return 0 end
  if (redis.call('HGET', KEYS[1], 'callbackRound') or '1') ~= ARGV[5] then return 0 end
  redis.call('HSET', KEYS[1], 'callbackStatus', ARGV[3])
  redis.call('HINCRBY', KEYS[1], 'callbackAttempts', 1)
  if ARGV[4] == '' then redis.call('HDEL', KEYS[1], 'callbackLastStatus')
  else redis.call('HSET', KEYS[1], 'callbackLastStatus', ARGV[4]) end
  if ARGV[3] ~= 'pending' then
    redis.call('ZREM', KEYS[2], ARGV[2])
  end
  list(ARGV[2])
  tally(ARGV[6])
  note(ARGV[2], ARGV[7])
  if ARGV[3] ~= 'pending' and redis.call('HEXISTS', KEYS[1], 'deletedAtMs') == 1 then
    if redis.call('ZREM', KEYS[3], ARGV[2]) == 1 then tell(ARGV[2], 'deleted') end
    redis.call('DEL', KEYS[1], keyOf('history', ARGV[2]))
  end
  return 1
  `,
);

/** Writes what a try came to; `delivered` and `exhausted` also empty the outbox of the event, in the same step. */
export async function recordCallbackTry(redis: Redis, entry: OutboxEntry, outcome: CallbackTry): Promise<void> {
  const { jobId, eventId, round } = entry;
  await RECORD_TRY.run(
    redis,
    [keys.job(jobId), keys.outbox, keys.hidden],
    [
      ...[eventId, jobId, outcome.status, outcome.httpStatus ?? '', round],
      ...[JSON.stringify(bookTry(entry, outcome)), formatHappening(happeningOf(outcome))],
    ],
  );
}

function happeningOf({ status, httpStatus, durationMs = 0, nextTryInMs }: CallbackTry): Happening {
  return { what: 'callback', status, httpStatus: httpStatus ?? null, durationMs, nextTryInMs: nextTryInMs ?? null };
}

function bookTry({ settledAtMs }: OutboxEntry, { status }: CallbackTry): Tallies {
  const tried = countOf('callback_tries_total', { outcome: status === 'pending' ? 'retried' : status });
  if (status !== 'delivered' || settledAtMs === undefined) return tried;
  return addTallies(tried, observationOf('callback_delivery_seconds', {}, (Date.now() - settledAtMs) / 1000));
}

/** The last word on an event, after `delivered` or `exhausted`: once Redis has lost its data, it is not sent again. */
export async function closeEvent({ journal }: Backend, entry: OutboxEntry, { status }: CallbackTry): Promise<void> {
  const { bucket, jobId, run, eventId } = entry;
  if (status === 'pending') return;
  await journal?.append(bucket, { state: 'closed', jobId, run, fields: { eventId, callbackStatus: status } });
}

const PAGE = 500;
/** Their entries go into the journal together. */
const AT_ONCE = 50;

/**
 * Puts every event of the outbox into the callback queue that is not there. Run after a crash and now and then: it
 * changes nothing for entries that are already queued, because the queue knows them by their event and round.
 * @returns how many events it looked at.
 */
export async function sweepOutbox(backend: Backend): Promise<number> {
  return sweep(backend.redis, keys.outbox, Date.now(), async (record) => {
    if (!record.eventId || record.callbackStatus !== 'pending') return 'forget';
    const { jobId, eventId, callbackRound: round } = record;
    await enqueueCallback(backend, { jobId, eventId, round });
    return 'keep';
  });
}

/**
 * Queue entries for records whose submit died between its two steps.
 * @param olderThanMs leaves alone what a submit may still be working on.
 */
export async function sweepUnqueued(backend: Backend, olderThanMs: number): Promise<number> {
  return sweep(backend.redis, keys.unqueued, Date.now() - olderThanMs, async ({ jobId }) => {
    // Its mark goes with the second step, unless another run has begun.
    await enqueue(backend, jobId);
    return 'done';
  });
}

/**
 * Visits the records of a sorted set of job ids, oldest first; what `visit` forgets leaves the set.
 * @throws what the first visit that failed threw, when all the others are over
 */
async function sweep(
  redis: Redis,
  key: string,
  untilMs: number,
  visit: (record: JobRecord) => Promise<'keep' | 'forget' | 'done'>,
): Promise<number> {
  let kept = 0;
  let visited = 0;
  let failure: { reason: unknown } | undefined;
  for (;;) {
    const jobIds = await redis.zrangebyscore(key, 0, untilMs, 'LIMIT', kept, PAGE);
    for (let at = 0; at < jobIds.length; at += AT_ONCE) {
      const visits = jobIds.slice(at, at + AT_ONCE).map(async (jobId) => {
        // A record that cannot be read (a newer version wrote it) must not hold up those behind it.
        const record = await loadRecord(redis, jobId).catch(() => 'unreadable' as const);
        const verdict = record === 'unreadable' ? 'keep' : record ? await visit(record) : 'forget';
        if (verdict === 'keep') kept += 1;
        if (verdict === 'forget') await redis.zrem(key, jobId);
      });
      // Nor must a store that refuses one.
      for (const result of await Promise.allSettled(visits)) {
        if (result.status === 'fulfilled') continue;
        kept += 1;
        failure ??= { reason: result.reason };
      }
    }
    visited += jobIds.length;
    if (jobIds.length < PAGE) break;
  }
  if (failure) throw failure.reason;
  return visited;
}
