import type { Phase } from '@tapedeck/contracts';
import { percentAt, type ConversionPlan, type Progress } from '@tapedeck/conversion';
import type { ProgressBar } from '../progress/progress-bar.ts';

export interface BarProgress extends Progress {
  /** undefined until the recording was looked at. */
  readonly decided: ConversionPlan | undefined;
}

/** What the service calls a download is a copy here, and what it publishes is put where somebody wants it. */
const PHASE_NAMES: Partial<Record<Phase, string>> = { download: 'copy', publish: 'write' };

/** A conversion's progress in a terminal; of an encode also how many times as fast as the recording plays. */
export function createBarProgress(bar: ProgressBar): BarProgress {
  let current: { phase: Phase; beganAtMs: number } | undefined;
  let decided: ConversionPlan | undefined;
  const draw = (phase: Phase, fraction: number, speed?: string): void =>
    bar.advance({ percent: percentAt(phase, fraction), phase: PHASE_NAMES[phase] ?? phase, speed });
  return {
    get decided() {
      return decided;
    },
    async enter(phase) {
      current = { phase, beganAtMs: performance.now() };
      draw(phase, 0);
    },
    note: () => undefined,
    advance(fraction) {
      if (!current) return;
      const { phase, beganAtMs } = current;
      const elapsedSec = (performance.now() - beganAtMs) / 1000;
      const doneSec = fraction * (decided?.durationSec ?? 0);
      const isKnown = phase === 'encode' && doneSec > 0 && elapsedSec > 0;
      draw(phase, fraction, isKnown ? formatSpeed(doneSec / elapsedSec) : undefined);
    },
    async plan(plan) {
      decided = plan;
    },
  };
}

/** `0.31×`, `3.1×`, `31×`: two digits that count. */
export function formatSpeed(timesRealTime: number): string {
  const digits = timesRealTime >= 10 ? 0 : timesRealTime >= 1 ? 1 : 2;
  return `${timesRealTime.toFixed(digits)}×`;
}
