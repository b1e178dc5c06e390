import type { JobRecord, Redis } from '@tapedeck/jobs';
import { inLanes } from '@tapedeck/runtime';
import { describeFailure, type UpkeepOptions } from './upkeep.ts';
import { countJobs, walkJobs, type WalkCursor, type WalkFilter } from './walk-jobs.ts';

export interface EachJobOptions extends Pick<UpkeepOptions, 'onDeed' | 'signal'> {
  redis: Redis;
  filter: WalkFilter;
  /** For each job. */
  timeoutMs: number;
  /** Hears how many of all were looked at. */
  onProgress?: ((walked: number, total: number) => void) | undefined;
  /** Where an earlier walk was interrupted. */
  start?: WalkCursor | undefined;
  /** Everything before this is done. */
  onPage?: ((cursor: WalkCursor) => Promise<void>) | undefined;
}

/** Does something with each job, a few at once. One that fails, or takes too long, holds up no other. */
export async function onEachJob(
  options: EachJobOptions,
  work: (record: JobRecord, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { redis, filter, timeoutMs, onDeed, onProgress, onPage, signal, start } = options;
  const total = await countJobs(redis, { ...filter, fromMs: start?.fromMs ?? filter.fromMs });
  let walked = 0;
  for await (const page of walkJobs(redis, filter, start)) {
    await inLanes(page.records, async (record) => {
      signal.throwIfAborted();
      try {
        await work(record, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
      } catch (error) {
        signal.throwIfAborted();
        onDeed({ outcome: 'failed', about: record.jobId, what: describeFailure(error) });
      }
    });
    walked += page.walked;
    onProgress?.(walked, total);
    await onPage?.(page.cursor);
  }
}
