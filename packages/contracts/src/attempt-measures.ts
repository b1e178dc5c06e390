import type { Phase } from './vocabulary.ts';

export interface PhaseTiming {
  phase: Phase;
  durationMs: number;
}

/** What an attempt took, once it is over, however it ended. */
export interface AttemptMeasures {
  /** In their order. Where the attempt failed, the last one did not come to its end. */
  phases: readonly PhaseTiming[];
  /** undefined when the source was not received whole. */
  sourceBytes: number | undefined;
  /** How much there was to encode: pictures times pixels, in millions, over all renditions; undefined when not known. */
  megapixels: number | undefined;
  /** Of everything that was published; undefined when not all of it was. */
  outputBytes: number | undefined;
}
