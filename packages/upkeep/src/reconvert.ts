import { uploadOf, type ConvertRequest } from '@tapedeck/contracts';
import { retryJob, submitJob, type Backend, type JobRecord, type RetryResult } from '@tapedeck/jobs';
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
 * Converts again what a job was about: one that failed or was canceled begins anew, under its id. Of a completed one the
 * same request is submitted as a new job, behind those of callers.
 */
export async function reconvert(options: ReconvertOptions, record: JobRecord): Promise<void> {
  const { backend, dryRun, onDeed } = options;
  const { jobId, status } = record;
  const skip = (what: string): void => onDeed({ outcome: 'skipped', about: jobId, what });
  if (status === 'queued' || status === 'processing') return skip(NOT_RETRIED.alive);
  if (status === 'completed') {
    const obstacle = await findObstacle(options, record);
    return obstacle === undefined ? submitAgain(options, record) : skip(obstacle);
  }
  const result = dryRun ? 'requeued' : await retryJob(backend, record);
  if (result !== 'requeued') return skip(NOT_RETRIED[result]);
  onDeed({
    outcome: 'done',
    about: jobId,
    what: `begin it anew: it ${status === 'failed' ? 'failed' : 'was canceled'}`,
  });
}

async function findObstacle({ backend, batch }: ReconvertOptions, record: JobRecord): Promise<string | undefined> {
  if (record.caller === callerOf(batch)) return 'it came of this batch';
  if (uploadOf(record.request)) return 'its upload URLs were for once';
  return (await isPublisher(backend, record)) ? undefined : 'a later job has replaced its result';
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
