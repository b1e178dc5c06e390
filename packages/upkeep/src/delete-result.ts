import { forgetStored, placeOf, scheduleCleanup, takeTurn, type JobRecord } from '@tapedeck/jobs';
import { inLanes } from '@tapedeck/runtime';
import { findResultFiles, isPublisher, orNoTurn, sumBytes } from './result-files.ts';
import type { Results, UpkeepOptions } from './upkeep.ts';

export interface DeletedResult {
  files: number;
  sizeBytes: number;
}

const FILES_TIMEOUT_MS = 60_000;
/** For another job's publication to end. */
const TURN_TIMEOUT_MS = 5_000;

/**
 * Removes what a job has published, in its turn. Whoever dies in the middle of it may do it again; what is left of a
 * stream then, the cleanup of its slug removes.
 * @returns undefined when what lies there is not this job's
 * @throws JobError JOB_STATE_CONFLICT when another job keeps publishing there; STORAGE_…
 */
export async function deleteResult(
  results: Results,
  record: JobRecord,
  { dryRun, signal }: Omit<UpkeepOptions, 'onDeed'>,
): Promise<DeletedResult | undefined> {
  const { redis, store } = results;
  const { request, outputName } = record;
  const { bucket, slug, kind } = request;
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(FILES_TIMEOUT_MS)]);
  const work = async (): Promise<DeletedResult | undefined> => {
    if (!(await isPublisher(results, record))) return undefined;
    const files = await findResultFiles(results, record, inTime);
    if (!dryRun) {
      if (kind === 'hls') await scheduleCleanup(redis, { bucket, slug }, Date.now());
      await inLanes(files, ({ key }) => store.remove(bucket, key, inTime));
      await forgetStored(redis, bucket, outputName);
    }
    return { files: files.length, sizeBytes: sumBytes(files) };
  };
  if (dryRun || !(await isPublisher(results, record))) return work();
  const patience = AbortSignal.any([signal, AbortSignal.timeout(TURN_TIMEOUT_MS)]);
  return takeTurn(redis, placeOf(record), patience, work).catch((error: unknown) => {
    signal.throwIfAborted();
    return orNoTurn(error);
  });
}
