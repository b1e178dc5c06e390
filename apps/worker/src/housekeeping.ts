import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  reconcileJobs,
  reportAlive,
  SIGN_INTERVAL_MS,
  sweepOutbox,
  sweepUnqueued,
  type Queues,
  type Redis,
} from '@tapedeck/jobs';
import { VERSION, type Logger } from '@tapedeck/runtime';
import type { Workspaces } from './workspace.ts';

const SWEEP_INTERVAL_MS = 10_000;
const CLEANUP_INTERVAL_MS = 60_000;
/** A submit that still works on its second step is younger than this. */
const UNQUEUED_AFTER_MS = 10_000;

export interface HousekeepingOptions {
  redis: Redis;
  queues: Queues;
  workspaces: Workspaces;
  workerId: string;
  workDir: string;
  ffmpegVersion: string | undefined;
  busy: () => number;
  /** Without news for so long, a job ought to have a queue entry; see reconcileJobs. */
  quietMs: number;
  stuckAfterMs: number;
  /** Removes from the store what later runs have superseded. */
  cleanUp: (signal: AbortSignal) => Promise<void>;
  /** Aborts uploads in the store whose attempts are over. */
  abortDeadUploads: (signal: AbortSignal) => Promise<void>;
  logger: Logger;
}

/**
 * What a worker does beside its jobs, until the signal: it shows that it lives, queues what a crash left behind, and
 * removes from the store what nobody needs.
 */
export async function keepHouse(options: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  const { redis, queues, logger } = options;
  await Promise.all([
    repeat('sign of life', SIGN_INTERVAL_MS, () => showLife(options), logger, signal),
    repeat(
      'sweep of the unqueued',
      SWEEP_INTERVAL_MS,
      () => sweepUnqueued(redis, queues, UNQUEUED_AFTER_MS),
      logger,
      signal,
    ),
    repeat('reconciliation', SWEEP_INTERVAL_MS, () => reconcile(options), logger, signal),
    repeat('cleanup', CLEANUP_INTERVAL_MS, () => options.cleanUp(signal), logger, signal),
    repeat('sweep of incomplete uploads', SWEEP_INTERVAL_MS, () => options.abortDeadUploads(signal), logger, signal),
    repeat('sweep of the outbox', SWEEP_INTERVAL_MS, () => sweepOutbox(redis, queues), logger, signal),
  ]);
}

async function reconcile({ redis, queues, quietMs, stuckAfterMs, logger }: HousekeepingOptions): Promise<void> {
  const jobIds = await reconcileJobs(redis, queues, { quietMs, stuckAfterMs });
  for (const jobId of jobIds) logger.warn({ jobId }, 'nobody worked on the job, it waits again');
}

/** Tells the fleet, and the container's health check, that this worker lives. */
export async function showLife({
  redis,
  workspaces,
  workerId,
  workDir,
  ffmpegVersion,
  busy,
}: HousekeepingOptions): Promise<void> {
  const { bavail, bsize } = await statfs(workDir);
  await reportAlive(redis, {
    workerId,
    busy: busy(),
    ffmpegVersion: ffmpegVersion ?? null,
    freeDiskBytes: bavail * bsize,
    version: VERSION,
  });
  await workspaces.showAlive();
}

async function repeat(
  what: string,
  intervalMs: number,
  work: () => Promise<unknown>,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await work().catch((error: unknown) => logger.warn({ err: error }, `${what} failed`));
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
