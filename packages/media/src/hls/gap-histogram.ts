const STEP_SEC = 0.0005;
const STEPS = 2_000;

/** Distances between pictures, counted in half milliseconds up to a second: of a fixed size, however many there are. */
export class GapHistogram {
  readonly #counts = new Uint32Array(STEPS + 1);
  readonly #sumsSec = new Float64Array(STEPS + 1);
  #total = 0;

  add(gapSec: number): void {
    if (!(gapSec > 0)) return;
    const step = Math.min(STEPS, Math.round(gapSec / STEP_SEC));
    this.#counts[step]! += 1;
    this.#sumsSec[step]! += gapSec;
    this.#total += 1;
  }

  /** The gap that the given share of all gaps is not longer than; undefined when there is none. */
  quantileSec(share: number): number | undefined {
    let seen = 0;
    for (const [step, count] of this.#counts.entries()) {
      seen += count;
      if (count > 0 && seen >= this.#total * share) return this.#sumsSec[step]! / count;
    }
    return undefined;
  }
}
