import { z } from 'zod';
import type { ConvertRequest } from './convert-request.ts';
import { parseTapeHints } from './tape-hints.ts';

const hintSchema = z.object({ totalDuration: z.number().positive() });
const PICTURES_PER_SEC = 30;

/**
 * How much there will be to encode, in millions of pixels, as far as a request says: a tape's `totalDuration` (ms) and
 * `scaledSize`. For forecasts only; what counts is in the source.
 */
export function estimateMegapixels(request: ConvertRequest): number | undefined {
  if (request.kind !== 'tape') return undefined;
  const { scaledSize } = parseTapeHints(request.metadata);
  const hint = hintSchema.safeParse(request.metadata);
  if (!scaledSize || !hint.success) return undefined;
  const pictures = (hint.data.totalDuration / 1000) * PICTURES_PER_SEC;
  return (pictures * scaledSize.width * scaledSize.height) / 1e6;
}
