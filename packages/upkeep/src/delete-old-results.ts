import { uploadOf } from '@tapedeck/contracts';
import {
  findOldResults,
  forgetPublisher,
  forgetResult,
  loadPublisher,
  loadRecord,
  markResultDeleted,
  postponeResult,
  type JobRecord,
  type Redis,
} from '@tapedeck/jobs';
import { deleteResult } from './delete-result.ts';
import { describeFailure, type Results, type UpkeepOptions } from './upkeep.ts';

export interface OldResultsOptions extends Results, UpkeepOptions {
  /** Since their jobs have ended. */
  olderThanMs: number;
  /** At most so many, for now. */
  limit?: number;
}

const PAGE = 100;
const TRY_AGAIN_MS = 3_600_000;

/**
 * Deletes the results of jobs that have ended long ago; their records stay, and say so. The next ones are always in
 * front: what was deleted leaves the list, and what cannot be deleted moves back by an hour.
 */
export async function deleteOldResults(options: OldResultsOptions): Promise<void> {
  const { redis, olderThanMs, dryRun, limit = Infinity } = options;
  const endedBeforeMs = Date.now() - olderThanMs;
  for (let done = 0; done < limit; done += PAGE) {
    const jobIds = await findOldResults(redis, endedBeforeMs, { offset: dryRun ? done : 0, limit: PAGE });
    for (const jobId of jobIds) await deleteOrPostpone(options, jobId, endedBeforeMs);
    if (jobIds.length < PAGE) return;
  }
}

async function deleteOrPostpone(options: OldResultsOptions, jobId: string, endedBeforeMs: number): Promise<void> {
  const { redis, dryRun, onDeed, signal } = options;
  signal.throwIfAborted();
  try {
    const record = await loadRecord(redis, jobId);
    if (record) await deleteOld(options, record);
    else if (!dryRun) await forgetResult(redis, jobId);
  } catch (error) {
    signal.throwIfAborted();
    if (!dryRun) await postponeResult(redis, jobId, endedBeforeMs + TRY_AGAIN_MS);
    onDeed({ outcome: 'failed', about: jobId, what: `delete its result: ${describeFailure(error)}` });
  }
}

async function deleteOld(options: OldResultsOptions, record: JobRecord): Promise<void> {
  const { redis, olderThanMs, dryRun, onDeed } = options;
  const { jobId } = record;
  const deleted = await deleteResult(options, record, options);
  if (!deleted) {
    if (!dryRun && (await isReplacedForGood(redis, record))) await forgetResult(redis, jobId);
    else if (!dryRun) await postponeResult(redis, jobId, Date.now() - olderThanMs + TRY_AGAIN_MS);
    return onDeed({ outcome: 'skipped', about: jobId, what: 'what lies there now is not its result' });
  }
  if (!dryRun) {
    // Whoever dies before the second finds no file the next time, and says the same.
    await markResultDeleted(redis, jobId);
    await forgetPublisher(redis, record);
  }
  const { files, sizeBytes } = deleted;
  onDeed({ outcome: 'done', about: jobId, what: `delete its result: ${files} files`, sizeBytes });
}

/** A job that is publishing there now may fail, and give the place back. */
async function isReplacedForGood(redis: Redis, { request, outputName }: JobRecord): Promise<boolean> {
  if (uploadOf(request)) return true;
  const publisherId = await loadPublisher(redis, request.bucket, outputName);
  const publisher = publisherId === null ? undefined : await loadRecord(redis, publisherId);
  return publisher?.finishedAtMs !== undefined || publisher === undefined;
}
