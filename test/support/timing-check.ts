import type { ShownPicture } from './numbered-frames.ts';

/** When a frame is to be seen, by timing.json. */
export interface Intended {
  number: number;
  startMs: number;
}

const TOLERANCE_MS = 17;
const STEP_MS = 1;
/** A constant-rate video ends on a whole picture, up to half a picture before or after the recording does. */
const PICTURE_MS = 1000 / 30;

/**
 * The instants (in ms) at which a video shows a frame that timing.json has at no time within the tolerance. Written
 * apart from the code that builds timelines: it walks through time millisecond by millisecond and only looks.
 */
export function findWrongInstants(
  shown: readonly ShownPicture[],
  intended: readonly Intended[],
  totalMs: number,
): number[] {
  const wrong: number[] = [];
  const endMs = Math.min(totalMs, shown.at(-1)!.startSec * 1000 + PICTURE_MS);
  for (let instantMs = 0; instantMs < endMs; instantMs += STEP_MS) {
    const picture = shown.findLast(({ startSec }) => startSec * 1000 <= instantMs + 1e-6) ?? shown[0]!;
    const isRight = intended.some(({ number, startMs }, index) => {
      const nextMs = intended[index + 1]?.startMs ?? Infinity;
      return number === picture.number && startMs <= instantMs + TOLERANCE_MS && nextMs >= instantMs - TOLERANCE_MS;
    });
    if (!isRight) wrong.push(instantMs);
  }
  return wrong;
}
