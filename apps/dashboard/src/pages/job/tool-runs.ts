import type { Happening, HistoryEntry } from '@tapedeck/contracts';
import { formatDuration } from '../../ui/format.ts';

export type ToolRun = Extract<Happening, { what: 'tool' }> & { atMs: number };

/** The newest first. */
export function listToolRuns(history: readonly HistoryEntry[]): ToolRun[] {
  return history.filter((entry): entry is ToolRun => entry.what === 'tool').reverse();
}

export function hasFailed({ exitCode, signal, timedOut, stalled }: ToolRun): boolean {
  return exitCode !== 0 || signal !== null || timedOut || stalled;
}

/** The one to look at first: the last that failed, or else the last. */
export function pickToolRun(runs: readonly ToolRun[]): ToolRun | undefined {
  return runs.find(hasFailed) ?? runs[0];
}

export function describeToolRun(run: ToolRun): string {
  const { exitCode, signal, timedOut, stalled, durationMs } = run;
  const took = formatDuration(durationMs / 1000);
  if (stalled) return `made no progress and was stopped after ${took}`;
  if (timedOut) return `ran out of time after ${took}`;
  if (signal !== null) return `was killed by ${signal} after ${took}`;
  return exitCode === 0 ? `took ${took}` : `exit code ${exitCode ?? 'unknown'} after ${took}`;
}
