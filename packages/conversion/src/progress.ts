import type { Phase } from '@tapedeck/contracts';

/** What a stage says about its phase. */
export interface PhaseFacts extends Record<string, unknown> {
  /** Received, encoded or published. */
  bytes?: number;
  /** To be encoded; see AttemptMeasures. */
  megapixels?: number;
}

/** How a conversion is going about it. */
export interface ConversionPlan extends Record<string, unknown> {
  /** See AttemptMeasures. */
  megapixels: number;
  durationSec: number;
}

/** What a stage tells of its way, to whoever wants to know. */
export interface Progress {
  enter(phase: Phase): Promise<void>;
  /** What is worth knowing of the phase that is running. */
  note(facts: PhaseFacts): void;
  /** How far the phase is, 0 to 1. Never fails: a report that is lost is followed by the next. */
  advance(fraction: number): void;
  /** Every decision, before the encode starts. */
  plan(plan: ConversionPlan): Promise<void>;
}

/** Where each phase begins and ends on the way from 0 to 100. Encoding is what takes the time. */
const SPANS: Record<Phase, readonly [from: number, to: number]> = {
  download: [0, 8],
  extract: [8, 12],
  probe: [12, 14],
  encode: [14, 92],
  verify: [92, 95],
  publish: [95, 99],
};

/** @param fraction of the phase, 0 to 1. @returns whole per cent of the job */
export function percentAt(phase: Phase, fraction: number): number {
  const [from, to] = SPANS[phase];
  return Math.floor(from + (to - from) * Math.min(1, Math.max(0, fraction)));
}
