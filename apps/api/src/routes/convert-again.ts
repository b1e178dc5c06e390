import { JobError, uploadOf, type Priority } from '@tapedeck/contracts';
import { changePriority, retryJob, submitJob, type JobRecord } from '@tapedeck/jobs';
import { requireRecord, type JobAccess } from '../job-access.ts';

/**
 * Converts once more what a job that has ended was about, as it was asked for: one that failed or was canceled begins
 * anew, the request of a completed one is submitted again.
 * @returns the id of the job that does it
 * @throws JobError JOB_STATE_CONFLICT
 */
export async function convertAgain(access: JobAccess, record: JobRecord, priority: Priority): Promise<string> {
  const { jobId, caller, outputName, maxAttempts } = record;
  const request = { ...record.request, priority };
  if (record.status !== 'completed' && (await retryJob(access, record)) === 'requeued') {
    await changePriority(access, await requireRecord(access.redis, jobId), priority);
    return jobId;
  }
  // Whoever can put there once cannot put there again.
  if (uploadOf(request)) {
    throw new JobError('JOB_STATE_CONFLICT', 'its result went to a URL of the caller; send it with another');
  }
  const submitted = await submitJob(access, { request, caller, outputName, maxAttempts, idempotencyKey: undefined });
  return submitted.jobId;
}
