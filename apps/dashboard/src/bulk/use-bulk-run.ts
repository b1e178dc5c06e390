import type { BulkProgress } from '@tapedeck/contracts';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { runBulk, type BulkOrder } from './bulk-run.ts';

export interface BulkRun {
  state: 'running' | 'over' | 'stopped' | 'broken';
  progress: BulkProgress;
  /** Where it is broken. */
  error?: Error;
}

const NOTHING_YET: BulkProgress = {
  ...{ total: 0, seen: 0, done: 0, skipped: 0, failed: 0 },
  ...{ lastProblem: null, isOver: false },
};

/** One run at a time; it ends with the component. */
export function useBulkRun() {
  const client = useQueryClient();
  const [run, setRun] = useState<BulkRun>();
  const controller = useRef<AbortController>(undefined);
  useEffect(() => () => controller.current?.abort(), []);

  const start = async (order: BulkOrder): Promise<void> => {
    const { signal } = (controller.current = new AbortController());
    let progress = NOTHING_YET;
    setRun({ state: 'running', progress });
    const onProgress = (line: BulkProgress): void => {
      progress = line;
      if (!signal.aborted) setRun({ state: 'running', progress });
    };
    try {
      await runBulk(order, signal, onProgress);
      setRun({ state: 'over', progress });
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      setRun(signal.aborted ? { state: 'stopped', progress } : { state: 'broken', progress, error });
    }
    // Where live updates do not come, the lists still show what was.
    await client.invalidateQueries();
  };
  return { run, start: (order: BulkOrder) => void start(order), stop: () => controller.current?.abort() };
}
