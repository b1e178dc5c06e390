import { forgetPublisher, hasResult, removeEndedJob, type JobRecord, type Redis } from '@tapedeck/jobs';
import type { UpkeepOptions } from './upkeep.ts';
import { walkJobs } from './walk-jobs.ts';

export interface OldRecordsOptions extends UpkeepOptions {
  redis: Redis;
  /** Since their jobs have ended. */
  olderThanMs: number;
  /** Whether a record waits until its result is deleted: nobody would find that any more without it. */
  waitForResults: boolean;
  /** At most so many, for now. */
  limit?: number;
}

/** For a result that cannot be deleted: its record must not stay for ever. */
const PATIENCE_MS = 7 * 24 * 3_600_000;

/** Forgets jobs that have ended long ago and whose callers were told. Results that are still there stay. */
export async function deleteOldRecords(options: OldRecordsOptions): Promise<void> {
  const { redis, olderThanMs, signal, limit = Infinity } = options;
  const toMs = Date.now() - olderThanMs;
  const filter = {
    statuses: [],
    kind: undefined,
    code: undefined,
    prefix: undefined,
    fromMs: undefined,
    toMs,
  } as const;
  let deleted = 0;
  for await (const { records } of walkJobs(redis, { ...filter, sort: 'finishedAt' })) {
    for (const record of records) {
      signal.throwIfAborted();
      if (await deleteRecord(options, record, toMs)) deleted += 1;
      if (deleted >= limit) return;
    }
  }
}

async function deleteRecord(
  { redis, waitForResults, dryRun, onDeed }: OldRecordsOptions,
  record: JobRecord,
  endedBeforeMs: number,
): Promise<boolean> {
  const { jobId, callbackStatus } = record;
  const skip = (what: string): false => {
    onDeed({ outcome: 'skipped', about: jobId, what });
    return false;
  };
  if (callbackStatus === 'pending') return skip('its callback is still to be delivered');
  const waitedMs = endedBeforeMs - (record.finishedAtMs ?? 0);
  if (waitForResults && waitedMs < PATIENCE_MS && (await hasResult(redis, jobId))) {
    return skip('its result is deleted first');
  }
  if (!dryRun) {
    if (!(await removeEndedJob(redis, jobId, endedBeforeMs))) return skip('it lives again');
    await forgetPublisher(redis, record);
  }
  onDeed({ outcome: 'done', about: jobId, what: 'delete its record' });
  return true;
}
