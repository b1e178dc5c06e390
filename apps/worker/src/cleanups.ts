import type { Logger, Retention } from '@tapedeck/runtime';
import { cleanUpSuperseded, deleteOldRecords, deleteOldResults, type Deed, type Results } from '@tapedeck/upkeep';

/** What goes by the schedule; one worker does it for all. */
export interface Cleanups {
  /** What later runs have superseded. */
  segments(signal: AbortSignal): Promise<void>;
  results(signal: AbortSignal): Promise<void>;
  records(signal: AbortSignal): Promise<void>;
}

export interface CleanupsOptions extends Results {
  retention: Retention;
  logger: Logger;
}

/** Of each, at a time: the rest waits for the next. */
const BATCH = { segments: 100, results: 500, records: 1_000 };
const TIMEOUT_MS = 9 * 60_000;

export function createCleanups({ retention, logger, ...results }: CleanupsOptions): Cleanups {
  const { supersededMs, resultsMs, recordsMs } = retention;
  const within = (signal: AbortSignal) => ({
    ...results,
    dryRun: false,
    onDeed: (deed: Deed) => logDeed(logger, deed),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  return {
    segments: (signal) => cleanUpSuperseded({ ...within(signal), keepMs: supersededMs, limit: BATCH.segments }),
    async results(signal) {
      if (resultsMs === undefined) return;
      await deleteOldResults({ ...within(signal), olderThanMs: resultsMs, limit: BATCH.results });
    },
    records: (signal) =>
      deleteOldRecords({
        ...within(signal),
        ...{ olderThanMs: recordsMs, waitForResults: resultsMs !== undefined, limit: BATCH.records },
      }),
  };
}

const LEVELS = { done: 'info', skipped: 'debug', failed: 'warn' } as const;

function logDeed(logger: Logger, { outcome, about, what, sizeBytes }: Deed): void {
  logger[LEVELS[outcome]]({ about, outcome, ...(sizeBytes !== undefined && { sizeBytes }) }, `cleanup: ${what}`);
}
