import type { FrameSize } from '@tapedeck/contracts';
import { BT709, type ColourTags, type SourceColour } from './colour.ts';
import { framesPerSec } from './frame-rate.ts';
import type { PictureTrack } from './source.ts';

/** Diffuse white of HDR video (ITU-R BT.2408): it becomes the white of SDR, and what is brighter is compressed. */
const REFERENCE_WHITE_NITS = 203;
/** Below this share of white, light stays as it is: faces and landscapes keep their contrast. */
const TONE_KNEE = 0.3;

/**
 * The filters from the decoder to one upright, progressive picture per output frame, all of them, from zero to the end.
 * @param frameCount of the whole stream: the last picture stands still until then, and none comes after
 */
export function buildTimingFilters(picture: PictureTrack, frameCount: number): string[] {
  const { frameRate, isInterlaced, decoded, orientation } = picture;
  return [
    // Nothing to do, but where the size changes in the middle: the filters behind it take one size only.
    `scale=${decoded.width}:${decoded.height}`,
    ...(isInterlaced ? ['bwdif=mode=send_frame:deint=interlaced'] : []),
    buildGridShift(picture),
    // From zero on: a picture that starts late stands still until then, so the sound keeps its place. The last one is
    // seen, however short it is.
    `fps=fps=${frameRate.numerator}/${frameRate.denominator}:start_time=0:eof_action=pass`,
    'tpad=stop=-1:stop_mode=clone',
    `trim=end_frame=${frameCount}`,
    ...orientation.filters,
  ];
}

/** The filters from such a picture to 8-bit 4:2:0 SDR with square pixels, in that size. */
export function buildLookFilters(picture: PictureTrack, size: FrameSize): string[] {
  return [...buildColourFilters(picture, size), 'setsar=1', 'format=yuv420p', buildTags(outputTags(picture.colour))];
}

/**
 * More than half a frame, so that time stamps rounded to milliseconds fall to the same side as the end of the stream,
 * which is rounded at the half.
 */
const GRID_ROUNDING = 0.6;

/**
 * Puts the first picture on the grid of output frames: half a frame beside it, rounded time stamps would fall to either
 * side in turn, and pictures be doubled and lost.
 *
 * Where packets have no presentation time, the decoder guesses: late by as many pictures as it reorders, and not at all
 * for the last ones, which follow one another then.
 */
function buildGridShift({ frameRate, startSec, guessDelayFrames }: PictureTrack): string {
  const fps = framesPerSec(frameRate);
  const onGridSec = Math.ceil(startSec * fps - GRID_ROUNDING) / fps;
  const shifted = (sec: number): string => `PTS+${sec.toFixed(6)}/TB`;
  if (guessDelayFrames === 0) return `setpts=round(${shifted(onGridSec - startSec)})`;
  const guessed = shifted(onGridSec - startSec - guessDelayFrames / fps);
  const next = `PREV_OUTPTS+${(1 / fps).toFixed(6)}/TB`;
  return `setpts='round(if(N,max(${guessed},${next}),${onGridSec.toFixed(6)}/TB))'`;
}

/** What the renditions say about their colours. */
export function outputTags({ kind, source }: SourceColour): ColourTags {
  if (kind === 'sdr') return source;
  return BT709;
}

function buildColourFilters({ colour, hasAlpha }: PictureTrack, { width, height }: FrameSize): string[] {
  const size = `${width}:${height}`;
  const { kind, source, range } = colour;
  // What is transparent is seen on black.
  const toRgb = `scale=in_color_matrix=${toScaleMatrix(source.matrix)}:in_range=${range}`;
  const onBlack = hasAlpha ? [toRgb, 'format=gbrap', 'premultiply=inplace=1'] : [];
  if (kind === 'rgb') return [...onBlack, `scale=${size}:out_color_matrix=bt709:out_range=tv`];
  if (kind === 'sdr') return [`scale=${size}:in_range=${range}:out_range=tv`];
  const input = `min=${source.matrix}:pin=${source.primaries}:tin=${source.transfer}:rin=${range}`;
  const bt709 = 'm=bt709:t=bt709:p=bt709:r=tv';
  if (kind === 'wide') return [`zscale=${size}:${input}:${bt709}`];
  return [
    // Scaled first: the float pictures behind it are four times as large as 10-bit 4:2:0.
    `zscale=${size}:${input}:t=linear:npl=${REFERENCE_WHITE_NITS}`,
    'format=gbrpf32le',
    'zscale=p=bt709',
    `tonemap=mobius:param=${TONE_KNEE}:desat=0:peak=${Math.max(1, colour.peakNits / REFERENCE_WHITE_NITS).toFixed(3)}`,
    `zscale=${bt709}`,
  ];
}

/** The scaler has names of its own for the matrices of ITU-T H.273. */
function toScaleMatrix(matrix: string): string {
  if (matrix === 'bt470bg') return 'bt470';
  if (matrix.startsWith('bt2020')) return 'bt2020';
  return ['bt709', 'smpte170m', 'smpte240m', 'fcc'].includes(matrix) ? matrix : 'bt709';
}

function buildTags({ matrix, primaries, transfer }: ColourTags): string {
  return `setparams=range=tv:colorspace=${matrix}:color_primaries=${primaries}:color_trc=${transfer}`;
}
