import { sourceUrlOf, type ConvertRequest } from '@tapedeck/contracts';
import type { Backend } from './backend.ts';
import { enqueue } from './enqueue.ts';
import { isOld } from './generation.ts';
import { createId, sha256Hex } from './ids.ts';
import { IDEMPOTENCY_TTL_MS, keys } from './keys.ts';
import { waitingFields } from './record.ts';
import { createRecordScript } from './record-script.ts';

export type IdempotencyScope = 'request' | 'call';

export interface Submission {
  request: ConvertRequest;
  /** The id of the API key that sent it. */
  caller: string;
  /** Where the result goes; part of what makes two requests the same. */
  outputName: string;
  idempotencyKey: string | undefined;
  /** Whether the key came with several jobs: each then has one of its own, of the key and what makes it the same job. */
  isKeyOfMany?: boolean;
  /** What the key stands for: `call` finds the job of another call for the same as well, as without a key. */
  idempotencyScope?: IdempotencyScope;
  maxAttempts: number;
}

export type SubmitResult =
  | { outcome: 'accepted' | 'duplicate'; jobId: string }
  /** The Idempotency-Key came with another body before. */
  | { outcome: 'conflict'; jobId: string };

/**
 * Decides in one step whether this is a new job. A `live` or idempotency entry only counts while its record exists
 * (and, for `live`, is not terminal): what an earlier crash left behind never blocks a caller.
 *
 * The record enters `unqueued` with its birth and leaves it when its queue entry is confirmed. So a crash between the
 * two leaves a trace, and the next duplicate or the reconciler queues it.
 *
 * KEYS live, idempotency ('' without a key), job, unqueued, alive
 * ARGV jobId, bodyHash, nowMs, ttlMs, jobKeyPrefix, joinsAlive (1 or 0), field, value, …
 */
const SUBMIT = createRecordScript(
  `
  local function record(jobId) return ARGV[5] .. jobId end
  local function answer(outcome, jobId)
    return { outcome, jobId, redis.call('ZSCORE', KEYS[4], jobId) and 1 or 0 }
  end
  if KEYS[2] ~= '' then
    local known = redis.call('GET', KEYS[2])
    if known then
      local jobId, bodyHash = string.match(known, '^(%S+) (%S+)$')
      if redis.call('EXISTS', record(jobId)) == 1 and redis.call('HEXISTS', record(jobId), 'deletedAtMs') == 0 then
        return answer(bodyHash == ARGV[2] and 'duplicate' or 'conflict', jobId)
      end
    end
  end
  if ARGV[6] == '1' then
    local alive = redis.call('GET', KEYS[1])
    if alive then
      local status = redis.call('HGET', record(alive), 'status')
      local isCanceling = redis.call('HEXISTS', record(alive), 'cancelRequestedAtMs') == 1
      if (status == 'queued' or status == 'processing') and not isCanceling then
        if KEYS[2] ~= '' then redis.call('SET', KEYS[2], alive .. ' ' .. ARGV[2], 'PX', ARGV[4]) end
        return answer('duplicate', alive)
      end
    end
  end
  redis.call('HSET', KEYS[3], unpack(ARGV, 7))
  redis.call('SET', KEYS[1], ARGV[1])
  if KEYS[2] ~= '' then redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[4]) end
  redis.call('ZADD', KEYS[4], ARGV[3], ARGV[1])
  redis.call('ZADD', KEYS[5], ARGV[3], ARGV[1])
  list(ARGV[1])
  note(ARGV[1], '{"what":"accepted"}')
  return answer('accepted', ARGV[1])
  `,
);

const NOT_COMPARED = 'Redis has not been compared with the journal yet';

/**
 * Accepts a conversion, or finds the job that it already is. When it returns `accepted` or `duplicate` the job is in
 * the journal and in the queue, or has been: a 202 may be answered.
 * @throws JobError STORAGE_UNAVAILABLE, or whatever Redis throws; then the caller may send the same again: while the
 *   first job lives, or with an Idempotency-Key, no second one comes of it.
 */
export async function submitJob(backend: Backend, submission: Submission): Promise<SubmitResult> {
  const { request, caller, outputName, idempotencyKey, maxAttempts } = submission;
  const joinsAlive = idempotencyKey === undefined || submission.idempotencyScope === 'call';
  const jobId = createId(request.kind);
  const fingerprint = sha256Hex(
    JSON.stringify([request.kind, request.reference, sourceUrlOf(request), request.bucket, outputName]),
  );
  const idempotency = nameIdempotency(submission, fingerprint);
  // Old data may not know of a key that has led to a job since.
  if (idempotencyKey !== undefined && (await isOld(backend))) throw new Error(NOT_COMPARED);
  const nowMs = Date.now();
  const bodyHash = hashBody(request);
  const fields = waitingFields({
    ...{ jobId, request: JSON.stringify(request), caller, fingerprint, outputName, maxAttempts, createdAtMs: nowMs },
    ...{ reference: request.reference, slug: request.slug },
    ...(idempotency && { idempotency, bodyHash }),
  });
  const answer = await SUBMIT.run(
    backend.redis,
    [keys.live(fingerprint), idempotency, keys.job(jobId), keys.unqueued, keys.alive],
    [jobId, bodyHash, nowMs, IDEMPOTENCY_TTL_MS, keys.job(''), joinsAlive ? 1 : 0, ...Object.entries(fields).flat()],
  );
  const [outcome, acceptedId, isUnqueued] = answer as [SubmitResult['outcome'], string, 0 | 1];
  // In old data jobs live that have ended: nobody would hear of the end of this one again.
  if (outcome === 'duplicate' && idempotencyKey === undefined && (await isOld(backend))) {
    throw new Error(NOT_COMPARED);
  }
  if (isUnqueued && outcome !== 'conflict' && !(await enqueue(backend, acceptedId))) {
    throw new Error('Redis has lost the job that it had just taken');
  }
  return { outcome, jobId: acceptedId };
}

/** @returns the key under which it is remembered; '' where there is none */
function nameIdempotency({ caller, idempotencyKey, isKeyOfMany }: Submission, fingerprint: string): string {
  if (idempotencyKey === undefined) return '';
  // No header has a line break: the key of one request is never that of a job of another.
  return keys.idempotency(caller, sha256Hex(isKeyOfMany ? `${idempotencyKey}\n${fingerprint}` : idempotencyKey));
}

/** The same body in another order of keys is the same body. */
function hashBody(request: ConvertRequest): string {
  return sha256Hex(JSON.stringify(request, (_key, value: unknown) => (isPlainObject(value) ? sortKeys(value) : value)));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sortKeys(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
