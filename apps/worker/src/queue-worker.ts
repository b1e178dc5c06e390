import { setTimeout as sleep } from 'node:timers/promises';
import { isRedisRefusal, QUEUE_PREFIX, type Redis } from '@tapedeck/jobs';
import { createThrottledErrorLog, withDeadline, type Logger } from '@tapedeck/runtime';
import { Worker, type Job, type Processor, type WorkerOptions } from 'bullmq';

/** Thrown by a handler: bring this entry again after `delayMs`. */
export class RetryLaterError extends Error {
  override readonly name = 'RetryLaterError';
  readonly delayMs: number;
  constructor(delayMs: number, reason: string) {
    super(reason);
    this.delayMs = delayMs;
  }
}

export interface QueueWorker {
  /** Takes nothing new until it is resumed; what runs goes on. @returns whether that is a change */
  setPaused(isPaused: boolean): Promise<boolean>;
  isPaused(): boolean;
  /** Takes nothing new; resolves when nothing runs any more. */
  drain(): Promise<void>;
  /**
   * Takes nothing new, waits `graceMs` for what runs, then calls `abortRunning` and waits a little more.
   * @throws TimeoutError when something still runs after that.
   */
  close(graceMs: number): Promise<void>;
}

export interface QueueWorkerOptions {
  redis: Redis;
  logger: Logger;
  concurrency: number;
  lockMs: number;
  stallCheckMs: number;
  /** Makes the running handlers end soon. */
  abortRunning(): void;
  onLockLost?(entryId: string): void;
}

/** What a handler throws that is no RetryLaterError is our own fault, and is tried again after this. */
const RETRY_WITHOUT_REASON_MS = 5_000;
/** Our records count starts and tries; BullMQ must never get there first. */
const NO_LIMIT = 1_000;
/**
 * FFmpeg gets five seconds to end; a publication takes back what it can, in ten. Together with SHUTDOWN_GRACE_MS shorter
 * than the 120 s after which platforms kill.
 */
const ABORT_TIMEOUT_MS = 12_000;

/** A Redis that is full or read-only refuses at once, and would be asked again at once: thousands of times a second. */
const PAUSE_AFTER_REFUSAL_MS = 1_000;

async function orPause<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isRedisRefusal(error)) await sleep(PAUSE_AFTER_REFUSAL_MS);
    throw error;
  }
}

/** BullMQ only pauses when the connection is gone. */
class PatientWorker extends Worker {
  private readonly redis: Redis;

  constructor(queueName: string, handle: Processor, options: WorkerOptions & { connection: Redis }) {
    super(queueName, handle, options);
    this.redis = options.connection;
  }

  protected override async moveToActive(token: string, name?: string): Promise<Job> {
    if (!this.isPaused()) return orPause(() => super.moveToActive(token, name));
    // It was waiting for an entry when it was paused, and would take the next. What has woken it shall wake another.
    await this.redis.zadd(this.toKey('marker'), 0, '0');
    return this.nextJobFromJobData();
  }
}

/** A BullMQ worker as both queues need it: the handler decides about delays, our records about limits. */
export function createQueueWorker(
  queueName: string,
  handle: (job: Job, lockToken: string) => Promise<void>,
  options: QueueWorkerOptions,
): QueueWorker {
  const { redis, logger, concurrency, lockMs, stallCheckMs, abortRunning, onLockLost } = options;
  // An entry whose handler Redis refuses is put back, and in the same step BullMQ takes the next of those that wait.
  const handleOrPause = (job: Job, lockToken?: string): Promise<void> => {
    const handling = orPause(() => handle(job, lockToken!)).finally(() => running.delete(handling));
    running.add(handling);
    return handling;
  };
  const running = new Set<Promise<void>>();
  let isEnding = false;
  const worker = new PatientWorker(queueName, handleOrPause, {
    connection: redis,
    prefix: QUEUE_PREFIX,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: stallCheckMs,
    maxStalledCount: NO_LIMIT,
    settings: {
      backoffStrategy: (_attemptsMade, _type, error) =>
        error instanceof RetryLaterError ? error.delayMs : RETRY_WITHOUT_REASON_MS,
    },
  });
  worker.on('error', createThrottledErrorLog(logger, `queue ${queueName}`));
  worker.on('lockRenewalFailed', (entryIds) => entryIds.forEach((entryId) => onLockLost?.(entryId)));
  return {
    async setPaused(isPaused) {
      if (isEnding || worker.isPaused() === isPaused) return false;
      await (isPaused ? worker.pause(true) : worker.resume());
      return true;
    },
    isPaused: () => worker.isPaused(),
    async drain() {
      isEnding = true;
      // BullMQ waits for nothing when it is paused already.
      if (worker.isPaused()) await Promise.allSettled(running);
      else await worker.pause();
    },
    async close(graceMs) {
      isEnding = true;
      const closed = worker.close();
      try {
        await withDeadline(closed, graceMs, `finishing what runs of ${queueName}`);
      } catch {
        abortRunning();
        await withDeadline(closed, ABORT_TIMEOUT_MS, `ending what runs of ${queueName}`);
      }
    },
  };
}
