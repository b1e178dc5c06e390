/** What one look for workers came to; undefined where Redis did not say. */
export type Sighting = 'some' | 'none' | undefined;

/** How long there has been no worker, as far as this process has seen itself. */
export interface Absence {
  /** @param nowMs of a clock that never jumps @returns whether there was none at any look for so long */
  note(sighting: Sighting, nowMs: number): boolean;
}

/**
 * Only looks that were answered count, one after the other. While Redis is away nothing can be converted anyway; and when
 * it comes back, so does the time that workers have to show themselves again.
 * @param sinceMs when it is looked for the first time: who has just started has seen nothing yet
 */
export function createAbsence(afterMs: number, sinceMs: number): Absence {
  let lastPresentMs = sinceMs;
  return {
    note(sighting, nowMs) {
      if (sighting !== 'none') lastPresentMs = nowMs;
      return nowMs - lastPresentMs >= afterMs;
    },
  };
}
