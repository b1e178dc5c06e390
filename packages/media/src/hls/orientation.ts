/** How a picture is turned upright: one of the eight ways in which a rectangle covers itself or its transpose. */
export interface Orientation {
  /** FFmpeg's filters, in their order; none for what is upright. */
  filters: readonly string[];
  /** Width and height change places. */
  isTurned: boolean;
}

export const UPRIGHT: Orientation = { filters: [], isTurned: false };

/**
 * Of a track's display matrix (ISO/IEC 14496-12, 8.3.2), as ffprobe prints it: three rows of three numbers after their
 * addresses. What is turned by no multiple of 90° is shown as it is: nobody holds a camera so, but a tag may say it.
 */
export function parseOrientation(displayMatrix: string | undefined): Orientation {
  const rows = [...(displayMatrix ?? '').matchAll(/^\d{8}:\s+(-?\d+)\s+(-?\d+)\s+-?\d+$/gm)];
  const [[a, b] = [1, 0], [c, d] = [0, 1]] = rows.map(([, x, y]) => [Math.sign(Number(x)), Math.sign(Number(y))]);
  return ORIENTATIONS[[a, b, c, d].join(' ')] ?? UPRIGHT;
}

const straight = (...filters: string[]): Orientation => ({ filters, isTurned: false });
const turned = (direction: string): Orientation => ({ filters: [`transpose=${direction}`], isTurned: true });

/** By the signs of a, b, c, d: a point (x, y) is shown at (ax + cy, bx + dy), y downwards. */
const ORIENTATIONS: Record<string, Orientation> = {
  '-1 0 0 -1': straight('hflip', 'vflip'),
  '-1 0 0 1': straight('hflip'),
  '1 0 0 -1': straight('vflip'),
  '0 1 -1 0': turned('clock'),
  '0 -1 1 0': turned('cclock'),
  '0 1 1 0': turned('cclock_flip'),
  '0 -1 -1 0': turned('clock_flip'),
};
