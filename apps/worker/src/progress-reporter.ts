import { percentAt, type Progress } from '@tapedeck/conversion';
import type { AttemptNews } from '@tapedeck/jobs';
import type { PhaseLog } from './phase-log.ts';

const STEP_PERCENT = 5;
const STEP_MS = 2_000;
/** What goes on without getting a whole per cent further is no news to anybody but the reconciler. */
const SIGN_MS = 30_000;

/** For the record, for the log, and for forecasts. */
export interface ProgressReporter extends Progress {
  /** Something is going on, though nobody knows how far it is. Never fails. */
  sign(): void;
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
      await report({ phase, progress: percentAt(phase, 0) });
    },
    note: (facts) => phases.note(facts),
    advance(fraction) {
      if (!phases.phase) return;
      const percent = percentAt(phases.phase, fraction);
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
