import type { Phase } from '@tapedeck/contracts';
import type { AttemptNews } from '@tapedeck/jobs';
import type { PhaseFacts, PhaseLog } from './phase-log.ts';

/** Where each phase begins and ends on the job's way from 0 to 100. Encoding is what takes the time. */
const SPANS: Record<Phase, readonly [from: number, to: number]> = {
  download: [0, 8],
  extract: [8, 12],
  probe: [12, 14],
  encode: [14, 92],
  verify: [92, 95],
  publish: [95, 99],
};
const STEP_PERCENT = 5;
const STEP_MS = 2_000;
/** What goes on without getting a whole per cent further is no news to anybody but the reconciler. */
const SIGN_MS = 30_000;

export interface ProgressReporter {
  enter(phase: Phase): Promise<void>;
  /** What the log is to say of the phase that is running. */
  note(facts: PhaseFacts): void;
  /** How far the phase is, 0 to 1. Never fails: a report that is lost is followed by the next. */
  advance(fraction: number): void;
  /** Something is going on, though nobody knows how far it is. Never fails either. */
  sign(): void;
  /** How the attempt goes about it: for the record, for the log, and for forecasts. */
  plan(plan: AttemptPlan): Promise<void>;
}

export interface AttemptPlan extends Record<string, unknown> {
  /** See AttemptMeasures. */
  megapixels: number;
}

export interface ProgressReporterOptions {
  /** Must throw when the attempt no longer holds the job. */
  write: (news: AttemptNews) => Promise<void>;
  /** Hears of reports within a phase that could not be written. */
  onWriteFailed: (error: unknown) => void;
  phases: PhaseLog;
}

/**
 * Reports each new phase at once, and within a phase every 5 % or 2 s, whichever comes first; what moves too slowly for
 * that, or nobody knows how far, every 30 s.
 */
export function createProgressReporter({ write, onWriteFailed, phases }: ProgressReporterOptions): ProgressReporter {
  let reportedPercent = 0;
  let reportedAt = performance.now();
  const report = (news: AttemptNews): Promise<void> => {
    reportedPercent = news.progress ?? reportedPercent;
    reportedAt = performance.now();
    return write(news);
  };
  return {
    async enter(phase) {
      phases.begin(phase);
      await report({ phase, progress: SPANS[phase][0] });
    },
    note: (facts) => phases.note(facts),
    advance(fraction) {
      if (!phases.phase) return;
      const [from, to] = SPANS[phases.phase];
      const percent = Math.floor(from + (to - from) * Math.min(1, Math.max(0, fraction)));
      const silentMs = performance.now() - reportedAt;
      const isDue = percent - reportedPercent >= STEP_PERCENT || silentMs >= STEP_MS;
      if (isDue && percent > reportedPercent) report({ progress: percent }).catch(onWriteFailed);
      else this.sign();
    },
    sign() {
      const isDue = performance.now() - reportedAt >= SIGN_MS;
      if (isDue) report({ progress: reportedPercent }).catch(onWriteFailed);
    },
    plan(plan) {
      phases.note({ plan, megapixels: plan.megapixels });
      return report({ plan });
    },
  };
}
