import { asJobError, JobError, type AttemptMeasures, type JobOutput, type TerminalOutcome } from '@tapedeck/contracts';
import {
  announcePublishing,
  beginAttempt,
  conversionEntrySchema,
  CONVERSIONS,
  enqueueCallback,
  handBack,
  isCompared,
  noteToolRun,
  releaseForRetry,
  scheduleCleanup,
  settleAttempt,
  publishInTurn,
  type Attempt,
  type Backend,
} from '@tapedeck/jobs';
import type { Logger } from '@tapedeck/runtime';
import { UnrecoverableError, WaitingError, type Job } from 'bullmq';
import type { AttemptContext, Equipment } from './attempt-context.ts';
import { backoffMs } from './backoff.ts';
import { convert } from './convert.ts';
import { createPhaseLog } from './phase-log.ts';
import { createProgressReporter } from './progress-reporter.ts';
import { createQueueWorker, RetryLaterError } from './queue-worker.ts';
import { watchToolRuns } from './tool-runs.ts';
import { AttemptLostError, assertHolder, CanceledError, watchStanding, writeAsHolder } from './standing.ts';
import type { Workspaces } from './workspace.ts';

/**
 * The only file that knows BullMQ's control errors. BullMQ brings a job id to one worker at a time (usually) and brings
 * it again when the worker dies; what the id means, how often it may be tried and how it ends is in the record.
 *
 * An attempt ends in one of four ways, and each leaves the record before it leaves BullMQ:
 * - **settled**: completed, failed or canceled; its callback is in the outbox.
 * - **released**: a retryable error and attempts left; BullMQ waits the backoff and brings it again.
 * - **handed back**: this worker stops; the attempt does not count.
 * - **lost**: another attempt holds the job; nothing is written, nothing was published.
 *
 * A cancellation stops an attempt like a shutdown does, but then it settles.
 */
export interface Consumer {
  /** Jobs that are running now. */
  busy: () => number;
  /** Those. */
  jobIds: () => string[];
  /** Takes no other job until it is resumed; those that run go on. @returns whether that is a change */
  setPaused: (isPaused: boolean) => Promise<boolean>;
  isPaused: () => boolean;
  /** Whether it has begun a job since it started. */
  hasWorked: () => boolean;
  /** Ends the attempt of this job, if it runs here. */
  cancel: (jobId: string) => void;
  /** Takes no other job; resolves when those that run have ended, however long that takes. */
  drain: () => Promise<void>;
  /** Lets running jobs finish for `graceMs`, then hands them back. */
  close: (graceMs: number) => Promise<void>;
}

export interface ConsumerOptions extends Backend {
  /** For the histories of jobs. */
  workerId: string;
  workspaces: Workspaces;
  equipment: Equipment;
  /** Waits while Redis may hold jobs that have ended. */
  untilCompared: () => Promise<void>;
  logger: Logger;
}

class StoppingError extends Error {}

/** An attempt that runs in this process, and how to stop it. */
interface RunningAttempt {
  entryId: string;
  jobId: string;
  stop: AbortController;
}

export function createConsumer(options: ConsumerOptions): Consumer {
  const { redis, equipment, logger } = options;
  const { config } = equipment;
  // Not by job id: a process that was frozen past its lock can get the same job again while the old attempt winds down.
  const running = new Set<RunningAttempt>();
  let hasWorked = false;

  const consume = async (job: Job, lockToken: string): Promise<void> => {
    await options.untilCompared();
    const attempt = await beginAttempt(redis, conversionEntrySchema.parse(job.data), options.workerId);
    if (!attempt) return;
    if (!(await isCompared(options))) {
      await handBack(redis, attempt);
      throw new RetryLaterError(0, 'Redis has lost data since a moment ago');
    }
    const current = { entryId: job.id!, jobId: attempt.jobId, stop: new AbortController() };
    running.add(current);
    hasWorked = true;
    try {
      await carryOut(options, attempt, current.stop);
    } catch (error) {
      if (!(error instanceof StoppingError)) throw error;
      await handBack(redis, attempt);
      await job.moveToWait(lockToken);
      throw new WaitingError();
    } finally {
      running.delete(current);
    }
  };

  const stopRunning = (isMeant: (attempt: RunningAttempt) => boolean, reason: Error): void =>
    [...running].filter(isMeant).forEach(({ stop }) => stop.abort(reason));

  const worker = createQueueWorker(CONVERSIONS, consume, {
    redis,
    logger,
    concurrency: config.WORKER_CONCURRENCY,
    lockMs: config.JOB_LOCK_MS,
    stallCheckMs: config.JOB_STALL_CHECK_MS,
    abortRunning: () => running.forEach(({ stop }) => stop.abort(new StoppingError('the worker is stopping'))),
    onLockLost: (lostId) => stopRunning(({ entryId }) => entryId === lostId, new AttemptLostError('the lock was lost')),
  });
  return {
    busy: () => running.size,
    jobIds: () => [...running].map(({ jobId }) => jobId),
    setPaused: worker.setPaused,
    isPaused: worker.isPaused,
    hasWorked: () => hasWorked,
    cancel: (id) => stopRunning(({ jobId }) => jobId === id, new CanceledError('somebody canceled it')),
    drain: worker.drain,
    close: worker.close,
  };
}

/** Runs an attempt to its end and brings that end into the record. Throws what BullMQ has to know. */
async function carryOut(options: ConsumerOptions, attempt: Attempt, stop: AbortController): Promise<void> {
  const { equipment } = options;
  const { jobId, number, record } = attempt;
  const logger = options.logger.child({
    log: 'conversion',
    jobId,
    attempt: number,
    reference: record.request.reference,
  });
  if (record.cancelRequestedAtMs !== undefined) return settle(options, { attempt, logger }, { status: 'canceled' });
  if (number > record.maxAttempts) {
    const error = { code: 'WORKER_LOST', message: new JobError('WORKER_LOST').message, phase: null } as const;
    return settle(options, { attempt, logger }, { status: 'failed', error });
  }
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(equipment.config.JOB_TIMEOUT_MS)]);
  const phases = createPhaseLog(logger);
  const progress = createProgressReporter({
    write: (news) => writeAsHolder(options.redis, attempt, stop, news),
    onWriteFailed: (error) => logger.warn({ err: error }, 'progress could not be written'),
    phases,
  });
  const runs = watchToolRuns(equipment.tools, {
    ...{ phases, logger },
    note: (run) => noteToolRun(options.redis, attempt, run),
  });
  const watch = watchStanding(options.redis, attempt, stop, logger);
  logger.info({ kind: record.request.kind, slug: record.request.slug }, 'attempt begins');
  // The workspace is gone before the outcome is known to anybody: who hears of a job's end finds nothing left of it.
  const ended = await runInWorkspace(options, attempt, { signal, progress, logger, tools: runs.tools }).then(
    (output) => ({ output }),
    (error: unknown) => ({ error: toAttemptError(error, signal, phases.phase) }),
  );
  clearInterval(watch);
  const measures = phases.end('error' in ended ? ended.error : undefined);
  logger.info(measures, 'attempt ends');
  await runs.noted();
  const over = { attempt, measures, logger };
  if ('output' in ended) await settle(options, over, { status: 'completed', output: ended.output });
  else await endFailedAttempt(options, over, ended.error);
}

async function runInWorkspace(
  { redis, equipment, workspaces }: ConsumerOptions,
  attempt: Attempt,
  watch: Pick<AttemptContext, 'signal' | 'progress' | 'logger' | 'tools'>,
): Promise<JobOutput> {
  const { jobId, number, record } = attempt;
  const workspace = await workspaces.create(jobId, number);
  try {
    return await convert(record.request, {
      ...equipment,
      ...watch,
      jobId,
      workspace,
      assertHolder: () => assertHolder(redis, attempt),
      announcePublishing: (places) => announcePublishing(redis, attempt, record.request.bucket, places),
      publishInTurn: (work) => publishInTurn(redis, record, watch.signal, work),
      scheduleCleanup: () => scheduleCleanup(redis, record.request, Date.now() + equipment.config.SUPERSEDED_KEEP_MS),
    });
  } finally {
    // A result that is public already must not be lost over a file that cannot be removed; the next start removes it.
    await workspace.remove().catch((error: unknown) => watch.logger.error({ err: error }, 'the workspace remains'));
  }
}

type AttemptError = JobError | StoppingError | AttemptLostError | CanceledError;

/** Whatever a stage threw because it was aborted, the reason for the abort is what happened. */
function toAttemptError(error: unknown, signal: AbortSignal, phase: JobError['phase']): AttemptError {
  const reason: unknown = signal.aborted ? signal.reason : error;
  if ([StoppingError, AttemptLostError, CanceledError].some((kind) => reason instanceof kind)) return reason as Error;
  const isTimeout = reason instanceof DOMException && reason.name === 'TimeoutError';
  const jobError = isTimeout ? new JobError('JOB_TIMEOUT') : asJobError(reason);
  jobError.phase ??= phase;
  return jobError;
}

interface EndedAttempt {
  attempt: Attempt;
  /** Absent for one that ended before it began. */
  measures?: AttemptMeasures;
  logger: Logger;
}

async function endFailedAttempt(options: ConsumerOptions, over: EndedAttempt, error: AttemptError): Promise<void> {
  const { attempt, measures, logger } = over;
  if (error instanceof StoppingError) {
    logger.info('attempt is handed back');
    throw error;
  }
  if (error instanceof AttemptLostError) {
    logger.warn({ err: error }, 'attempt is lost');
    throw new UnrecoverableError(error.message);
  }
  if (error instanceof CanceledError) return settle(options, over, { status: 'canceled' });
  const { code, message, phase = null } = error;
  const stored = { code, message, phase };
  if (error.retryable && attempt.number < attempt.record.maxAttempts) {
    const delayMs = backoffMs(options.equipment.config.JOB_BACKOFF_MS, attempt.number, error);
    logger.warn({ err: error, delayMs }, 'attempt failed and will be repeated');
    await releaseForRetry(options.redis, attempt, stored, measures);
    throw new RetryLaterError(delayMs, code);
  }
  logger.error({ err: error }, 'job failed');
  await settle(options, over, { status: 'failed', error: stored });
  throw new UnrecoverableError(code);
}

async function settle(
  options: ConsumerOptions,
  { attempt, measures, logger }: EndedAttempt,
  outcome: TerminalOutcome,
): Promise<void> {
  const settled = await settleAttempt(options.redis, attempt, outcome, measures);
  if (settled.result !== 'settled') {
    logger.warn({ result: settled.result }, 'the outcome was not needed');
    return;
  }
  logger.info({ status: outcome.status, eventId: settled.callback.eventId }, 'job settled');
  const [firstWaitMs = 0] = options.equipment.config.CALLBACK_SCHEDULE_MS;
  // The outbox has the event already. If this fails, the sweep of the outbox queues it a little later.
  await enqueueCallback(options, settled.callback, firstWaitMs).catch((error: unknown) =>
    logger.warn({ err: error }, 'the callback waits for the next sweep'),
  );
}
