import { findStuckJobs, reconcileJobs, type Backend, type ReconcileLimits } from '@tapedeck/jobs';
import type { UpkeepOptions } from './upkeep.ts';

export interface StuckOptions extends UpkeepOptions {
  backend: Backend;
  limits: ReconcileLimits;
}

const STUCK_GRACE_MS = 60_000;

/** When a job is stuck, by what a worker's environment says. */
export function stuckLimits(config: {
  JOB_LOCK_MS: number;
  JOB_STALL_CHECK_MS: number;
  JOB_STUCK_AFTER_MS: number;
}): ReconcileLimits {
  return {
    // A dead worker's entry comes back after its lock and two checks.
    quietMs: 2 * (config.JOB_LOCK_MS + 2 * config.JOB_STALL_CHECK_MS),
    // FFmpeg's own watch comes first.
    stuckAfterMs: config.JOB_STUCK_AFTER_MS + STUCK_GRACE_MS,
  };
}

/** Puts jobs back into the queue that nobody works on. */
export async function putBackStuck({ backend, limits, dryRun, onDeed }: StuckOptions): Promise<void> {
  const jobIds = dryRun ? await findStuckJobs(backend, limits) : await reconcileJobs(backend, limits);
  for (const jobId of jobIds) onDeed({ outcome: 'done', about: jobId, what: 'put it back into the queue' });
}
