import type { BulkProgress } from '@tapedeck/contracts';
import { useLongWork, type LongWork } from '../api/use-long-work.ts';
import { runBulk, type BulkOrder } from './bulk-run.ts';

export type BulkRun = LongWork<BulkProgress>;

const NOTHING_YET: BulkProgress = {
  ...{ total: 0, seen: 0, done: 0, skipped: 0, failed: 0 },
  ...{ lastProblem: null, isOver: false },
};

/** One run at a time; it ends with the component. */
export function useBulkRun() {
  const { work, begin, stop } = useLongWork<BulkProgress>();
  const start = (order: BulkOrder): void =>
    begin(NOTHING_YET, (signal, tell) => runBulk(order, signal, (line) => tell(() => line)));
  return { run: work, start, stop };
}
