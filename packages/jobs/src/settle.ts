import {
  buildCallbackBody,
  subjectOf,
  type AttemptMeasures,
  type Happening,
  type TerminalOutcome,
} from '@tapedeck/contracts';
import type { Attempt } from './attempts.ts';
import { bookEnd } from './bookkeeping.ts';
import { formatHappening } from './history.ts';
import { createId } from './ids.ts';
import { keys, storedName } from './keys.ts';
import type { CallbackEntry } from './queues.ts';
import type { JobRecord } from './record.ts';
import { createRecordScript } from './record-script.ts';
import type { Redis } from './redis.ts';

/**
 * Writes a terminal state, exactly once, together with its event: the record's outcome, the callback's final bytes and
 * the outbox entry are one transaction. After it the callback can be forgotten by no crash.
 *
 * KEYS job, live, outbox, alive
 * ARGV token ('' for a job that nobody holds), jobId, nowMs, tallies, sample or '', kind, stored name or '', its bytes,
 *   happening, field, value, …
 */
const SETTLE = createRecordScript(
  `
  local status = redis.call('HGET', KEYS[1], 'status')
  if status ~= 'queued' and status ~= 'processing' then return 'ended' end
  if (redis.call('HGET', KEYS[1], 'holder') or '') ~= ARGV[1] then return 'fenced' end
  redis.call('HDEL', KEYS[1], 'holder', 'cancelRequestedAtMs', 'callbackLastStatus', 'error', 'output')
  redis.call('HSET', KEYS[1], 'finishedAtMs', ARGV[3], 'callbackStatus', 'pending', 'callbackAttempts', 0,
    'callbackRound', 1, unpack(ARGV, 10))
  if redis.call('GET', KEYS[2]) == ARGV[2] then redis.call('DEL', KEYS[2]) end
  redis.call('ZADD', KEYS[3], ARGV[3], ARGV[2])
  redis.call('ZREM', KEYS[4], ARGV[2])
  list(ARGV[2])
  note(ARGV[2], ARGV[9])
  tally(ARGV[4])
  if ARGV[5] ~= '' then learn(ARGV[6], ARGV[5]) end
  if ARGV[7] ~= '' then store(ARGV[7], tonumber(ARGV[8])) end
  return 'settled'
  `,
);

export type SettleResult =
  | { result: 'settled'; callback: CallbackEntry }
  /** `ended`: it was settled before. `fenced`: another attempt holds the job. */
  | { result: 'ended' | 'fenced' };

/** Settles a job as the attempt that holds it. */
export function settleAttempt(
  redis: Redis,
  attempt: Attempt,
  outcome: TerminalOutcome,
  measures?: AttemptMeasures,
): Promise<SettleResult> {
  return settle(redis, attempt, outcome, measures);
}

/** Settles a job that waits: `fenced` when an attempt holds it. */
export function settleWaiting(redis: Redis, record: JobRecord, outcome: TerminalOutcome): Promise<SettleResult> {
  return settle(redis, { record, token: '' }, outcome);
}

async function settle(
  redis: Redis,
  { record, token }: Pick<Attempt, 'record' | 'token'>,
  outcome: TerminalOutcome,
  measures?: AttemptMeasures,
): Promise<SettleResult> {
  const { jobId, request, fingerprint, outputName } = record;
  const eventId = createId('evt');
  const callbackBody = buildCallbackBody({ jobId, ...subjectOf(request) }, outcome);
  const fields = { status: outcome.status, eventId, callbackBody, ...outcomeFields(outcome) };
  const nowMs = Date.now();
  const { tallies, sample, storedBytes } = bookEnd(record, outcome, nowMs, measures);
  const result = await SETTLE.run(
    redis,
    [keys.job(jobId), keys.live(fingerprint), keys.outbox, keys.alive],
    [
      ...[token, jobId, nowMs, JSON.stringify(tallies), sample ? JSON.stringify(sample) : '', request.kind],
      ...(storedBytes === undefined ? ['', 0] : [storedName(request.bucket, outputName), storedBytes]),
      ...[formatHappening(happeningOf(outcome)), ...Object.entries(fields).flat()],
    ],
  );
  if (result === 'settled') return { result, callback: { jobId, eventId, round: 1 } };
  return { result: result === 'fenced' ? 'fenced' : 'ended' };
}

function happeningOf(outcome: TerminalOutcome): Happening {
  return outcome.status === 'failed' ? { what: 'failed', ...outcome.error } : { what: outcome.status };
}

function outcomeFields(outcome: TerminalOutcome): Record<string, string | number> {
  if (outcome.status === 'completed') return { output: JSON.stringify(outcome.output), progress: 100 };
  if (outcome.status === 'failed') return { error: JSON.stringify(outcome.error) };
  return {};
}
