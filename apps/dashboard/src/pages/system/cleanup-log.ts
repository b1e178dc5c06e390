import type { CleanupLine, CleanupName } from '@tapedeck/contracts';
import { formatBytes, formatCount } from '../../ui/format.ts';

export type CleanupDeed = Exclude<CleanupLine, { isOver: true }>;

/** What was told of a cleanup until now. However long it is, so much is kept of it. */
export interface CleanupLog {
  done: number;
  skipped: number;
  failed: number;
  sizeBytes: number;
  /** What failed, and then the rest: the first of each. */
  failures: readonly CleanupDeed[];
  deeds: readonly CleanupDeed[];
  isOver: boolean;
}

const MAX_SHOWN = 100;

export const EMPTY_LOG: CleanupLog = {
  ...{ done: 0, skipped: 0, failed: 0, sizeBytes: 0 },
  ...{ failures: [], deeds: [], isOver: false },
};

export function addLine(log: CleanupLog, line: CleanupLine): CleanupLog {
  if ('isOver' in line) {
    const { done, skipped, failed, freedBytes } = line;
    return { ...log, done, skipped, failed, sizeBytes: freedBytes, isOver: true };
  }
  const { outcome, sizeBytes } = line;
  const isDone = outcome === 'done';
  return {
    ...log,
    [outcome]: log[outcome] + 1,
    sizeBytes: log.sizeBytes + (isDone ? (sizeBytes ?? 0) : 0),
    failures: outcome === 'failed' ? addBounded(log.failures, line) : log.failures,
    deeds: outcome === 'failed' ? log.deeds : addBounded(log.deeds, line),
  };
}

function addBounded(deeds: readonly CleanupDeed[], deed: CleanupDeed): readonly CleanupDeed[] {
  return deeds.length < MAX_SHOWN ? [...deeds, deed] : deeds;
}

/** How many were told and are not shown. */
export function countHidden({ done, skipped, failed, failures, deeds }: CleanupLog): number {
  return Math.max(0, done + skipped + failed - failures.length - deeds.length);
}

/** @param isDry whether nothing was changed */
export function summarize({ done, skipped, failed, sizeBytes }: CleanupLog, isDry: boolean): string {
  const things = done === 1 ? 'one thing' : `${formatCount(done)} things`;
  const first = isDry ? `${things} to do` : `${things} done`;
  const size = sizeBytes > 0 && `${formatBytes(sizeBytes)} ${isDry ? 'would be freed' : 'freed'}`;
  const rest = [skipped > 0 && `${formatCount(skipped)} left alone`, failed > 0 && `${formatCount(failed)} failed`];
  return [first, size, ...rest].filter(Boolean).join(', ');
}

/** In the order in which they are offered: the API's own. */
export const CLEANUP_WORDS: Record<CleanupName, { name: string; text: string; isDeletion: boolean }> = {
  segments: { name: 'Segments', text: 'of streams, which a later run has superseded', isDeletion: true },
  results: {
    name: 'Results',
    text: 'older than DELETE_RESULTS_AFTER_DAYS (off where that is not set)',
    isDeletion: true,
  },
  records: { name: 'Records', text: 'of jobs that ended more than KEEP_JOBS_DAYS ago', isDeletion: true },
  stuck: { name: 'Stuck jobs', text: 'which nobody works on: back into the queue', isDeletion: false },
};

export const CLEANUP_NAMES = Object.keys(CLEANUP_WORDS) as CleanupName[];
