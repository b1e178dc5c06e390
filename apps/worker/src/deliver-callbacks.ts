import { addCallbackSecret, JobError } from '@tapedeck/contracts';
import {
  anyCallbackEntrySchema,
  CALLBACKS,
  closeEvent,
  isCompared,
  loadOutboxEntry,
  recordCallbackTry,
  type Backend,
  type OutboxEntry,
} from '@tapedeck/jobs';
import type { Logger } from '@tapedeck/runtime';
import { sendCallback, type CallbackAnswer, type CallbackSender } from '@tapedeck/transfer';
import type { Job } from 'bullmq';
import { deliverTest } from './deliver-test.ts';
import { createQueueWorker, RetryLaterError, type QueueWorker } from './queue-worker.ts';

export interface DelivererOptions extends Backend {
  sender: CallbackSender;
  /** Of the receiver of `oven-complete`; without it, such events wait. */
  ovenSecret: string | undefined;
  /** Waits before each try, the first included. */
  scheduleMs: readonly number[];
  /** How soon another worker goes on when this one dies: after this and two checks. */
  lockMs: number;
  stallCheckMs: number;
  /** Waits while Redis may hold ends that are not the last word. */
  untilCompared: () => Promise<void>;
  logger: Logger;
}

/** Receivers are slow and many: waiting for one must not hold up the others. */
const CONCURRENCY = 20;
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;

/**
 * Delivers events from their own queue, at least once each. The number of tries is the record's, so the schedule goes
 * on where it was whatever happens to the queue entry.
 */
export function createDeliverer(options: DelivererOptions): QueueWorker {
  const { redis, sender, scheduleMs, lockMs, stallCheckMs, logger } = options;
  const stopping = new AbortController();
  const deliver = async (job: Job): Promise<void> => {
    const given = anyCallbackEntrySchema.parse(job.data);
    if ('testId' in given) return deliverTest({ redis, sender, logger }, given, stopping.signal);
    await options.untilCompared();
    const entry = await loadOutboxEntry(options, given);
    if (!entry) return;
    if (!(await isCompared(options))) throw new RetryLaterError(0, 'Redis has lost data since a moment ago');
    const startedAt = performance.now();
    const verdict = judge(await trySending(options, entry, stopping.signal), entry, scheduleMs);
    const durationMs = Math.round(performance.now() - startedAt);
    const nextTryInMs = verdict.status === 'pending' ? verdict.delayMs : undefined;
    await recordCallbackTry(redis, entry, { ...verdict, durationMs, nextTryInMs });
    await closeEvent(options, entry, verdict).catch((error: unknown) =>
      logger.warn({ err: error, jobId: entry.jobId }, 'if Redis loses its data, this callback is sent again'),
    );
    logger.info({ jobId: entry.jobId, eventId: entry.eventId, ...verdict }, 'callback tried');
    if (verdict.status === 'pending') throw new RetryLaterError(verdict.delayMs, `status ${verdict.httpStatus}`);
  };
  return createQueueWorker(CALLBACKS, deliver, {
    redis,
    logger,
    concurrency: CONCURRENCY,
    lockMs,
    stallCheckMs,
    abortRunning: () => stopping.abort(new Error('the worker is stopping')),
  });
}

async function trySending(
  { sender, ovenSecret, logger }: DelivererOptions,
  entry: OutboxEntry,
  signal: AbortSignal,
): Promise<CallbackAnswer | 'refused'> {
  const { jobId, callbackFormat } = entry;
  const body = buildSentBody(entry, ovenSecret);
  if (body === undefined) {
    // Its receiver would answer 401, which is final: a try that was not made leaves time to set the variable.
    logger.error({ jobId, callbackFormat }, 'OVEN_CALLBACK_SECRET: expected the secret of its receiver, got nothing');
    return { httpStatus: undefined, retryAfterMs: undefined, failure: 'no OVEN_CALLBACK_SECRET' };
  }
  try {
    return await sendCallback(sender, { ...entry, body }, signal);
  } catch (error) {
    if (error instanceof JobError) return 'refused';
    throw error;
  }
}

/** @returns undefined where it has to be with a secret that nobody has set */
function buildSentBody({ callbackFormat, body }: OutboxEntry, ovenSecret: string | undefined): string | undefined {
  if (callbackFormat === 'standard') return body;
  return ovenSecret === undefined ? undefined : addCallbackSecret(body, ovenSecret);
}

type Verdict =
  | { status: 'delivered' | 'exhausted'; httpStatus: number | undefined }
  | { status: 'pending'; httpStatus: number | undefined; delayMs: number };

/** 4xx means the receiver understood and does not want it, except where the status itself asks for another try. */
const TRY_AGAIN_4XX: readonly number[] = [408, 409, 425, 429];

function judge(answer: CallbackAnswer | 'refused', entry: OutboxEntry, scheduleMs: readonly number[]): Verdict {
  if (answer === 'refused') return { status: 'exhausted', httpStatus: undefined };
  const { httpStatus = 0, retryAfterMs = 0 } = answer;
  const seen = { httpStatus: answer.httpStatus };
  if (httpStatus >= 200 && httpStatus < 300) return { status: 'delivered', ...seen };
  const isFinal = httpStatus >= 400 && httpStatus < 500 && !TRY_AGAIN_4XX.includes(httpStatus);
  const waitMs = scheduleMs[entry.tries + 1];
  if (isFinal || waitMs === undefined) return { status: 'exhausted', ...seen };
  const jitteredMs = Math.round(waitMs * (0.9 + 0.2 * Math.random()));
  return { status: 'pending', ...seen, delayMs: Math.max(jitteredMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)) };
}
