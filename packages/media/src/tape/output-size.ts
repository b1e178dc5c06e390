import { JobError, type FrameSize, type TapeHints } from '@tapedeck/contracts';

export interface OutputSize extends FrameSize {
  /** Who decided: the caller's size, the caller's factor, or our default. */
  chosenBy: 'scaledSize' | 'options.scale' | 'metadata.scale' | 'default';
}

/** H.264 level 5.1: the highest that hardware decoders commonly take (Rec. ITU-T H.264, table A-1). */
const LEVEL_5_1_MACROBLOCKS = 36_864;
/** H.264 level 6.2, the end of the standard. */
const MAX_MACROBLOCKS = 139_264;
const MAX_DEFAULT_MULTIPLE = 6;
const MAX_SIDE_PIXELS = 16_384;
/** Below this x264 has no macroblock to work with. */
const MIN_SIDE_PIXELS = 2;

/**
 * How large the MP4 becomes: the caller's size exactly (made even, as 4:2:0 needs); else the frame times the caller's
 * factor; else the largest whole multiple up to 6 that stays within level 5.1.
 * @throws JobError MEDIA_FRAME_TOO_LARGE when H.264 has no level for what was asked.
 */
export function chooseOutputSize(frame: FrameSize, scaleOption: number | undefined, hints: TapeHints): OutputSize {
  if (hints.scaledSize) return assertEncodable(hints.scaledSize, 'scaledSize');
  if (scaleOption !== undefined) return assertEncodable(times(frame, scaleOption), 'options.scale');
  if (hints.scale !== undefined) return assertEncodable(times(frame, hints.scale), 'metadata.scale');
  return assertEncodable(times(frame, defaultMultiple(frame)), 'default');
}

function defaultMultiple(frame: FrameSize): number {
  for (let multiple = MAX_DEFAULT_MULTIPLE; multiple > 1; multiple -= 1) {
    const size = toEven(times(frame, multiple));
    if (longestSide(size) <= MAX_SIDE_PIXELS && !exceedsLevel51(size)) return multiple;
  }
  return 1;
}

function times({ width, height }: FrameSize, factor: number): FrameSize {
  return { width: width * factor, height: height * factor };
}

/** Up to the next even number: an odd frame loses no row, it shows one a little longer. */
function toEven({ width, height }: FrameSize): FrameSize {
  const up = (side: number): number => Math.max(MIN_SIDE_PIXELS, 2 * Math.ceil(Math.round(side) / 2));
  return { width: up(width), height: up(height) };
}

function assertEncodable(size: FrameSize, chosenBy: OutputSize['chosenBy']): OutputSize {
  const { width, height } = toEven(size);
  if (longestSide({ width, height }) > MAX_SIDE_PIXELS || countMacroblocks({ width, height }) > MAX_MACROBLOCKS) {
    const limit = `${MAX_SIDE_PIXELS} a side and ${MAX_MACROBLOCKS} macroblocks`;
    throw new JobError('MEDIA_FRAME_TOO_LARGE', `expected up to ${limit}, got ${width}x${height} by ${chosenBy}`);
  }
  return { width, height, chosenBy };
}

function longestSide({ width, height }: FrameSize): number {
  return Math.max(width, height);
}

export function countMacroblocks({ width, height }: FrameSize): number {
  return Math.ceil(width / 16) * Math.ceil(height / 16);
}

export function exceedsLevel51(size: FrameSize): boolean {
  return countMacroblocks(size) > LEVEL_5_1_MACROBLOCKS;
}
