import type { CleanupName } from '@tapedeck/contracts';
import type { Backend, KeepTimes } from '@tapedeck/jobs';
import { cleanUpSuperseded } from './clean-up-superseded.ts';
import { deleteOldRecords } from './delete-old-records.ts';
import { deleteOldResults } from './delete-old-results.ts';
import { putBackStuck } from './put-back-stuck.ts';
import { describeFailure, type Results, type UpkeepOptions } from './upkeep.ts';

export interface CleanUpOptions extends Results, UpkeepOptions {
  backend: Backend;
  keep: KeepTimes;
}

/** In the order in which they are done: a result goes before its record. */
const STEPS: Record<CleanupName, (options: CleanUpOptions) => Promise<void>> = {
  segments: (options) => cleanUpSuperseded({ ...options, keepMs: options.keep.supersededMs }),
  async results({ keep: { resultsMs }, ...options }) {
    if (resultsMs !== null) return deleteOldResults({ ...options, olderThanMs: resultsMs });
    const what = 'nothing, because DELETE_RESULTS_AFTER_DAYS is not set';
    options.onDeed({ outcome: 'skipped', about: 'results', what });
  },
  records: ({ keep: { recordsMs, resultsMs }, ...options }) =>
    deleteOldRecords({ ...options, olderThanMs: recordsMs, waitForResults: resultsMs !== null }),
  stuck: ({ keep, ...options }) => putBackStuck({ ...options, limits: keep }),
};

/** What the workers do by the schedule, now. Doing it twice does nothing; a step that fails holds up no other. */
export async function cleanUp(names: readonly CleanupName[], options: CleanUpOptions): Promise<void> {
  const steps = Object.entries(STEPS) as [CleanupName, (typeof STEPS)[CleanupName]][];
  for (const [name, step] of steps.filter(([each]) => names.includes(each))) {
    options.signal.throwIfAborted();
    await step(options).catch((error: unknown) => {
      options.signal.throwIfAborted();
      options.onDeed({ outcome: 'failed', about: name, what: describeFailure(error) });
    });
  }
}
