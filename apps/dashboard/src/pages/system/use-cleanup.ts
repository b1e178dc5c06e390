import type { CleanupLine, CleanupName } from '@tapedeck/contracts';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { readToEnd } from '../../api/read-to-end.ts';
import { addLine, EMPTY_LOG, type CleanupLog } from './cleanup-log.ts';

/** A cleanup, or a look at what it would do. */
export interface CleanupRun {
  dryRun: boolean;
  only: readonly CleanupName[];
  log: CleanupLog;
  state: 'running' | 'over' | 'stopped';
  /** Why it did not get to its end. */
  error: Error | undefined;
}

export interface Cleanup {
  run: CleanupRun | undefined;
  begin(dryRun: boolean, only: readonly CleanupName[]): void;
  stop(): void;
  /** Takes away what is shown. */
  forget(): void;
}

/** One at a time. Whoever leaves the page has stopped it. */
export function useCleanup(): Cleanup {
  const client = useQueryClient();
  const [run, setRun] = useState<CleanupRun>();
  const [stopper, setStopper] = useState<AbortController>();
  useEffect(() => () => stopper?.abort(), [stopper]);

  const begin = (dryRun: boolean, only: readonly CleanupName[]): void => {
    const controller = new AbortController();
    let current: CleanupRun = { dryRun, only, log: EMPTY_LOG, state: 'running', error: undefined };
    const change = (changed: Partial<CleanupRun>): void => setRun((current = { ...current, ...changed }));
    setStopper(controller);
    setRun(current);
    const onLine = (line: CleanupLine): void => change({ log: addLine(current.log, line) });
    readToEnd<CleanupLine>('/api/cleanup', { dryRun, only }, { stop: controller.signal, onLine })
      .then(
        () => change({ state: 'over' }),
        (error: Error) => change({ state: 'stopped', error: controller.signal.aborted ? undefined : error }),
      )
      .finally(() => void (dryRun || client.invalidateQueries()));
  };
  return { run, begin, stop: () => stopper?.abort(), forget: () => setRun(undefined) };
}
