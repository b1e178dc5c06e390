import { z } from 'zod';

export interface FrameSize {
  width: number;
  height: number;
}

const pixels = z.number().min(1);
const size = z.union([
  z.tuple([pixels, pixels]).transform(([width, height]): FrameSize => ({ width, height })),
  z.object({ width: pixels, height: pixels }),
]);

const hintsSchema = z.object({
  scaledSize: size.optional().catch(undefined),
  scale: z.number().positive().max(64).optional().catch(undefined),
});

/** What the request's free-form metadata says about the output. */
export type TapeHints = z.output<typeof hintsSchema>;

/**
 * Reads what is usable out of the request's free-form metadata. Sizes may be `[w, h]` or
 * `{ width, height }`. A field of another shape is somebody else's field of the same name: it is left alone.
 */
export function parseTapeHints(metadata: unknown): TapeHints {
  return hintsSchema.catch({}).parse(metadata ?? {});
}
