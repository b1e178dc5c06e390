import {
  reconcileJobs,
  reportAlive,
  showAbandoned,
  SIGN_INTERVAL_MS,
  sweepOutbox,
  sweepUnqueued,
  tidyJournal,
  type Backend,
  type SignOfLife,
} from '@tapedeck/jobs';
import { measureDisk, VERSION, type Logger, type Retention } from '@tapedeck/runtime';
import { doChores, type Chore } from './chores.ts';
import type { Cleanups } from './cleanups.ts';
import { COMPARE_INTERVAL_MS } from './comparison.ts';
import type { Consumer } from './consume.ts';
import type { MemoryWatch } from './memory-watch.ts';
import type { Workspaces } from './workspace.ts';

const SWEEP_INTERVAL_MS = 10_000;
const CLEANUP_INTERVAL_MS = 60_000;
const JOURNAL_INTERVAL_MS = 300_000;
const RETENTION_INTERVAL_MS = 600_000;
/** A deletion that still removes files is younger than this. */
const ABANDONED_AFTER_MS = 300_000;
/** A submit that still works on its second step is younger than this. */
const UNQUEUED_AFTER_MS = 10_000;

export interface HousekeepingOptions {
  backend: Backend;
  workspaces: Workspaces;
  workerId: string;
  isStandIn: boolean;
  workDir: string;
  ffmpegVersion: string | undefined;
  protections: SignOfLife['protections'];
  consumer: Pick<Consumer, 'busy' | 'jobIds' | 'isPaused' | 'setPaused'>;
  concurrency: number;
  memory: MemoryWatch;
  /** Without news for so long, a job ought to have a queue entry; see reconcileJobs. */
  quietMs: number;
  stuckAfterMs: number;
  retention: Retention;
  compareIfNeeded: () => Promise<void>;
  cleanups: Cleanups;
  /** Aborts uploads in the store whose attempts are over. */
  abortDeadUploads: (signal: AbortSignal) => Promise<void>;
  logger: Logger;
}

/**
 * What a worker does beside its jobs, until the signal. Some of it each worker does for itself; the rest one of them does
 * for all, whoever claims it first.
 */
export async function keepHouse(options: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  const { backend, workspaces, logger } = options;
  const ownChores: Chore[] = [
    { what: 'sign of life', intervalMs: SIGN_INTERVAL_MS, work: () => showLife(options) },
    // Also while Redis takes no sign of life: what runs goes on, and nobody may take its files for those of a dead one.
    { what: 'sign of life on disk', intervalMs: SIGN_INTERVAL_MS, work: () => workspaces.showAlive() },
    { what: 'memory watch', intervalMs: SIGN_INTERVAL_MS, work: () => options.memory.sample() },
    { what: 'comparison with the journal', intervalMs: COMPARE_INTERVAL_MS, work: options.compareIfNeeded },
    { what: 'removal of orphaned workspaces', intervalMs: CLEANUP_INTERVAL_MS, work: () => workspaces.removeOrphans() },
  ];
  const sharedChores: Chore[] = [
    { what: 'unqueued', intervalMs: SWEEP_INTERVAL_MS, work: () => sweepUnqueued(backend, UNQUEUED_AFTER_MS) },
    { what: 'reconciliation', intervalMs: SWEEP_INTERVAL_MS, work: () => reconcile(options) },
    { what: 'outbox', intervalMs: SWEEP_INTERVAL_MS, work: () => sweepOutbox(backend) },
    { what: 'incomplete-uploads', intervalMs: SWEEP_INTERVAL_MS, work: () => options.abortDeadUploads(signal) },
    { what: 'abandoned-deletions', intervalMs: CLEANUP_INTERVAL_MS, work: () => show(options) },
    { what: 'cleanup', intervalMs: CLEANUP_INTERVAL_MS, work: () => options.cleanups.segments(signal) },
    { what: 'old-results', intervalMs: RETENTION_INTERVAL_MS, work: () => options.cleanups.results(signal) },
    { what: 'old-records', intervalMs: RETENTION_INTERVAL_MS, work: () => options.cleanups.records(signal) },
    { what: 'journal', intervalMs: JOURNAL_INTERVAL_MS, work: () => tidyJournal(backend, signal) },
  ];
  await doChores(backend.redis, { ownChores, sharedChores }, logger, signal);
}

async function reconcile({ backend, quietMs, stuckAfterMs, logger }: HousekeepingOptions): Promise<void> {
  const jobIds = await reconcileJobs(backend, { quietMs, stuckAfterMs });
  for (const jobId of jobIds) logger.warn({ jobId }, 'nobody worked on the job, it waits again');
}

async function show({ backend, logger }: HousekeepingOptions): Promise<void> {
  const jobIds = await showAbandoned(backend.redis, ABANDONED_AFTER_MS);
  for (const jobId of jobIds) logger.warn({ jobId }, 'its deletion was never ended: it is there again');
}

/** Tells the fleet that this worker lives, and does what it hears in return: whether it is to take jobs. */
export async function showLife(options: HousekeepingOptions): Promise<void> {
  const { consumer, logger } = options;
  const isToPause = await sign(options);
  if (!(await consumer.setPaused(isToPause))) return;
  logger.info(isToPause ? 'paused: it takes no other job' : 'resumed: it takes jobs again');
  await sign(options);
}

/** @returns whether somebody has paused this worker */
async function sign(options: HousekeepingOptions): Promise<boolean> {
  const { backend, workerId, isStandIn, workDir, ffmpegVersion, protections, consumer, concurrency, memory } = options;
  const { quietMs, stuckAfterMs, retention } = options;
  const [disk, latestMemory] = await Promise.all([measureDisk(workDir), memory.latest()]);
  return reportAlive(backend.redis, {
    workerId,
    isStandIn,
    busy: consumer.busy(),
    jobIds: consumer.jobIds(),
    isPaused: consumer.isPaused(),
    concurrency,
    ffmpegVersion: ffmpegVersion ?? null,
    protections,
    freeDiskBytes: disk?.freeBytes ?? 0,
    totalDiskBytes: disk?.totalBytes,
    memory: latestMemory,
    version: VERSION,
    keep: { quietMs, stuckAfterMs, ...retention, resultsMs: retention.resultsMs ?? null },
  });
}
