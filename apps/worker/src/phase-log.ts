import { JobError, type AttemptMeasures, type Phase, type PhaseTiming } from '@tapedeck/contracts';
import type { PhaseFacts } from '@tapedeck/conversion';
import type { Logger } from '@tapedeck/runtime';

/** Writes one line for each phase of an attempt, when it is over. */
export interface PhaseLog {
  /** The phase that is running. */
  readonly phase: Phase | undefined;
  /** Ends the phase before. */
  begin(phase: Phase): void;
  /** Adds to the line of the phase that is running. */
  note(facts: PhaseFacts): void;
  /** Ends the last phase, and with it the attempt. @param error why it did not come to its end */
  end(error?: Error): AttemptMeasures;
}

interface RunningPhase {
  phase: Phase;
  startedAt: number;
  facts: PhaseFacts;
}

export function createPhaseLog(logger: Logger): PhaseLog {
  const timings: PhaseTiming[] = [];
  /** Of phases that came to their end. */
  const bytes = new Map<Phase, number>();
  let running: RunningPhase | undefined;
  let megapixels: number | undefined;
  const finish = (error?: Error): void => {
    if (!running) return;
    const { phase, startedAt, facts } = running;
    const timing = { phase, durationMs: Math.round(performance.now() - startedAt) };
    timings.push(timing);
    if (error) return logger.warn({ ...timing, ...facts, ...describeEnd(error) }, 'phase broken off');
    if (facts.bytes !== undefined) bytes.set(phase, facts.bytes);
    logger.info({ ...timing, ...facts }, 'phase done');
  };
  return {
    get phase() {
      return running?.phase;
    },
    begin(phase) {
      finish();
      running = { phase, startedAt: performance.now(), facts: {} };
    },
    note(facts) {
      megapixels = facts.megapixels ?? megapixels;
      if (running) running.facts = { ...running.facts, ...facts };
    },
    end(error) {
      finish(error);
      return { phases: timings, sourceBytes: bytes.get('download'), megapixels, outputBytes: bytes.get('publish') };
    },
  };
}

/** A worker that stops and a job that was canceled are no failures, and have no code. */
function describeEnd(error: Error): { code: string } | { reason: string } {
  return error instanceof JobError ? { code: error.code } : { reason: error.message };
}
