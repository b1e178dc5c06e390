import type { CleanupLine, CleanupName } from '@tapedeck/contracts';
import { readToEnd } from '../../api/read-to-end.ts';
import { useLongWork, type LongWork } from '../../api/use-long-work.ts';
import { addLine, EMPTY_LOG, type CleanupLog } from './cleanup-log.ts';

/** A cleanup, or a look at what it would do. */
export interface CleanupRun extends Omit<LongWork<unknown>, 'told'> {
  dryRun: boolean;
  only: readonly CleanupName[];
  log: CleanupLog;
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
  const { work, begin, stop, forget } = useLongWork<Omit<CleanupRun, 'state' | 'error'>>();
  return {
    run: work && { ...work.told, state: work.state, error: work.error },
    begin: (dryRun, only) =>
      begin({ dryRun, only, log: EMPTY_LOG }, (signal, tell) => {
        const onLine = (line: CleanupLine): void => tell((told) => ({ ...told, log: addLine(told.log, line) }));
        return readToEnd<CleanupLine>('/api/cleanup', { dryRun, only }, { stop: signal, onLine });
      }),
    stop,
    forget,
  };
}
