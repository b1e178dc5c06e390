/** What is older says little about how fast it goes now. */
const WINDOW_MS = 30_000;
/** Before this much is known any figure would jump about. */
const MIN_KNOWN_MS = 1_000;

/** Tells from how percents came how long the rest will take. */
export interface LeftEstimator {
  /** @returns seconds; undefined while it is not known */
  estimateLeftSec(percent: number, nowMs: number): number | undefined;
}

/** By the speed of the last half minute: the phases of a conversion are not equally fast. */
export function createLeftEstimator(): LeftEstimator {
  let marks: { percent: number; atMs: number }[] = [];
  return {
    estimateLeftSec(percent, nowMs) {
      // A new attempt begins from the beginning, and so does what is known of it.
      if ((marks.at(-1)?.percent ?? 0) > percent) marks = [];
      marks = [...marks.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS), { percent, atMs: nowMs }];
      const oldest = marks[0];
      if (!oldest || nowMs - oldest.atMs < MIN_KNOWN_MS || percent <= oldest.percent) return undefined;
      return (((nowMs - oldest.atMs) / (percent - oldest.percent)) * (100 - percent)) / 1000;
    },
  };
}
