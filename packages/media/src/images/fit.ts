import type { FrameSize } from '@tapedeck/contracts';

/** No poster is larger. */
export const POSTER_BOX: FrameSize = { width: 1280, height: 720 };

/** The largest size of the same aspect that fits, never an enlarged one; sides are whole multiples of `step`. */
export function fitInto({ width, height }: FrameSize, box: FrameSize, step = 1): FrameSize {
  const factor = Math.min(1, box.width / width, box.height / height);
  const side = (pixels: number): number => Math.max(step, step * Math.round((pixels * factor) / step));
  return { width: side(width), height: side(height) };
}
