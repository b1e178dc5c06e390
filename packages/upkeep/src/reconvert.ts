import { uploadOf, type ConvertRequest } from '@tapedeck/contracts';
import { findRival, retryJob, submitJob, type Backend, type JobRecord, type RetryResult } from '@tapedeck/jobs';
import { isPublisher } from './result-files.ts';
import type { UpkeepOptions } from './upkeep.ts';

export interface ReconvertOptions extends Omit<UpkeepOptions, 'signal'> {
  backend: Backend;
  /** Of one batch, a job is submitted again once, however often this is asked for in a week. */
  batch: string;
}

/** Why a job that failed or was canceled is not begun again. */
const NOT_RETRIED: Record<Exclude<RetryResult, 'requeued'>, string> = {
  alive: 'it waits or runs already',
  canceling: 'it is being canceled',
  replaced: 'another job does the same',
  refused: 'it has been completed meanwhile',
  gone: 'it was deleted',
};

/**
 * Converts again what jobs were about: one that failed or was canceled begins anew, under its id. Of a completed one the
 * same request is submitted as a new job, behind those of callers. Of one result, it remembers that it has done it, and
 * does it once.
 */
export function createReconverter(options: ReconvertOptions): (record: JobRecord) => Promise<void> {
  const done = new Set<string>();
  return async (record) => {
    const { onDeed } = options;
    const { jobId, status, fingerprint } = record;
    const found = await findObstacle(options, record);
    const obstacle = found ?? (done.has(fingerprint) ? NOT_RETRIED.replaced : undefined);
    if (obstacle !== undefined) return onDeed({ outcome: 'skipped', about: jobId, what: obstacle });
    done.add(fingerprint);
    await (status === 'completed' ? submitAgain(options, record) : beginAnew(options, record));
  };
}

async function findObstacle({ backend, batch }: ReconvertOptions, record: JobRecord): Promise<string | undefined> {
  const { status, request, caller, cancelRequestedAtMs } = record;
  if (status === 'queued' || status === 'processing') {
    return cancelRequestedAtMs === undefined ? NOT_RETRIED.alive : NOT_RETRIED.canceling;
  }
  if (await findRival(backend.redis, record)) return NOT_RETRIED.replaced;
  if (status !== 'completed') return undefined;
  if (caller === callerOf(batch)) return 'it came of this batch';
  if (uploadOf(request)) return 'its upload URLs were for once';
  return (await isPublisher(backend, record)) ? undefined : 'a later job has replaced its result';
}

async function beginAnew({ backend, dryRun, onDeed }: ReconvertOptions, record: JobRecord): Promise<void> {
  const { jobId, status } = record;
  const result = dryRun ? 'requeued' : await retryJob(backend, record);
  const what = `begin it anew: it ${status === 'failed' ? 'failed' : 'was canceled'}`;
  onDeed(
    result === 'requeued'
      ? { outcome: 'done', about: jobId, what }
      : { outcome: 'skipped', about: jobId, what: NOT_RETRIED[result] },
  );
}

/** What it made is known by that. */
const callerOf = (batch: string): string => `reconvert:${batch}`;

async function submitAgain({ backend, batch, dryRun, onDeed }: ReconvertOptions, record: JobRecord): Promise<void> {
  const { jobId, outputName, maxAttempts } = record;
  const what = 'submit its request again';
  if (dryRun) return onDeed({ outcome: 'done', about: jobId, what });
  const request: ConvertRequest = { ...record.request, priority: 'low' };
  const { outcome, jobId: newJobId } = await submitJob(backend, {
    ...{ request, outputName, maxAttempts, caller: callerOf(batch), idempotencyKey: `${batch} ${jobId}` },
  });
  if (outcome === 'accepted') return onDeed({ outcome: 'done', about: jobId, what: `${what}: ${newJobId}` });
  onDeed({ outcome: 'skipped', about: jobId, what: `it was submitted again before: ${newJobId}` });
}
