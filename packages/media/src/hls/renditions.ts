import type { FrameSize, Ladder, Rung } from '@tapedeck/contracts';

/** One encoding of the video in the stream's ladder. */
export interface Rendition extends FrameSize {
  name: string;
  crf: number;
  /** Ceiling for the picture. */
  bitrateKbps: number;
  audioKbps: number;
}

/** x264 and its decoders work in macroblocks; what is smaller is enlarged to one. */
const MIN_SIDE_PIXELS = 16;
/** x264 takes no longer side. */
const MAX_SIDE_PIXELS = 16_384;

/**
 * A rendition for each rung, the largest first. The short side is at most the rung's height, never more than the
 * source's own; rungs that come to the same size are one rendition, under the highest rung's name.
 */
export function chooseRenditions(display: FrameSize, ladder: Ladder): [Rendition, ...Rendition[]] {
  const all = ladder.rungs.map((rung) => ({ ...renditionOf(rung), ...fitRung(display, rung) }));
  const [first, ...rest] = all.filter(
    ({ width, height }, index) => all.findIndex((other) => other.width === width && other.height === height) === index,
  );
  return [first!, ...rest];
}

function renditionOf({ name, crf, bitrateKbps, audioKbps }: Rung) {
  return { name, crf, bitrateKbps, audioKbps };
}

function fitRung({ width, height }: FrameSize, rung: Rung): FrameSize {
  const factor = Math.min(1, rung.height / Math.min(width, height), MAX_SIDE_PIXELS / Math.max(width, height));
  return { width: toEven(width * factor), height: toEven(height * factor) };
}

/** 4:2:0 needs even sides. Downwards from a source's own size, to the nearest where it is scaled anyway. */
function toEven(side: number): number {
  const isWhole = Number.isInteger(side);
  return Math.max(MIN_SIDE_PIXELS, isWhole ? side - (side % 2) : 2 * Math.round(side / 2));
}
