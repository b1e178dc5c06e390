import { BT601, encodeCards, encodePictures, inColour, VP8, X264 } from './clip.ts';
import { everyPicture, PLAIN, type Expected, type VideoSource } from './source.ts';
import {
  CARD_COLOURS,
  colourOfCard,
  describeCard,
  nameColour,
  readPatch,
  UPRIGHT_CARD,
  type Picture,
} from './test-card.ts';

const SHORT = { count: 18, inputs: [], audio: [] };
const EXPECTED: Expected = { ...PLAIN, durationSec: 0.6, pictures: everyPicture(18, 30), sound: 'none' };

const short = (file: string, colour: readonly string[], video: readonly string[] = X264): VideoSource => ({
  file,
  make: (path) => encodeCards({ ...SHORT, colour, video, path }),
  expected: EXPECTED,
});

/** The pictures of a matrix, and not a word about it. */
const untagged = (matrix: 'bt709' | 'smpte170m', before = ''): string[] => {
  const filters = inColour(matrix, 'yuv420p')[1]!.replace(/setparams=.*$/, UNKNOWN);
  return ['-vf', before + filters];
};
const UNKNOWN = 'setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown';
const WIDE_GAMUT =
  'zscale=matrixin=709:transferin=709:primariesin=709:rangein=full:matrix=2020_ncl:transfer=709:primaries=2020:range=limited';
const RGB_TAGS = 'setparams=colorspace=gbr:color_primaries=bt709:color_trc=bt709:range=pc';

/** The same card, its colours written in every way in use: the result must always show the same. */
export const COLOUR_SOURCES: Record<string, VideoSource> = {
  'BT.709, as it says': short('bt709.mp4', inColour('bt709', 'yuv420p')),
  'BT.601, as it says': short('bt601.mp4', BT601),
  'of full range': short('full.mp4', inColour('bt709', 'yuv420p', 'pc')),
  'MJPEG of a web camera (full range, BT.601)': short('mjpeg.avi', inColour('smpte170m', 'yuvj420p', 'pc'), [
    ...['-c:v', 'mjpeg', '-q:v', '2'],
  ]),
  'small and without a word about colour (then it is BT.601)': short('untagged.mp4', untagged('smpte170m')),
  'large and without a word about colour (then it is BT.709)': {
    ...short('untagged-hd.mp4', untagged('bt709', 'scale=1280:720:flags=neighbor,')),
    expected: { ...EXPECTED, size: [1280, 720] },
  },
  'RGB without loss (screen capture)': short(
    'rgb.mkv',
    ['-vf', 'format=gbrp'],
    [...['-c:v', 'libx264rgb', '-crf', '0', '-preset', 'ultrafast']],
  ),
  'PNG in MOV': short('png.mov', ['-vf', 'format=rgb24'], ['-c:v', 'png']),
  'BT.2020 without HDR': short(
    'wide.mp4',
    [
      ...['-vf', `format=gbrp,${RGB_TAGS},${WIDE_GAMUT},format=yuv420p10le`],
      ...['-colorspace', 'bt2020nc', '-color_primaries', 'bt2020', '-color_trc', 'bt2020-10', '-color_range', 'tv'],
    ],
    ['-c:v', 'libx265', '-preset', 'ultrafast', '-crf', '14', '-x265-params', 'log-level=none:pools=2'],
  ),
};

/** White that is clear, and white that is half clear; elsewhere the card. */
const CLEAR = { from: 0.1, to: 0.28 };
const HALF = { from: 0.72, to: 0.9 };
const isWithin = (u: number, v: number, { from, to }: typeof CLEAR): boolean =>
  u >= from && u < to && v >= 0.42 && v < 0.58;

function paintAlpha(u: number, v: number): readonly number[] {
  if (isWithin(u, v, CLEAR)) return [...CARD_COLOURS.white, 0];
  if (isWithin(u, v, HALF)) return [...CARD_COLOURS.white, 128];
  return [...colourOfCard(0, u, v), 255];
}

const YUVA = 'scale=out_color_matrix=bt709:out_range=tv';
const YUVA_TAGS = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
const tagged = (format: string): string[] => [
  ...['-vf', `${YUVA},format=${format},setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv`],
  ...YUVA_TAGS,
];

export const ALPHA_CODECS: Record<string, { file: string; args: readonly string[] }> = {
  'ProRes 4444': {
    file: 'prores4444.mov',
    args: [...tagged('yuva444p10le'), '-c:v', 'prores_ks', '-profile:v', '4444'],
  },
  'QuickTime Animation': { file: 'qtrle.mov', args: ['-c:v', 'qtrle', '-pix_fmt', 'argb'] },
  'PNG in MOV': { file: 'png-alpha.mov', args: ['-c:v', 'png', '-pix_fmt', 'rgba'] },
  'VP9 in WebM': {
    file: 'alpha.webm',
    args: [...tagged('yuva420p'), '-c:v', 'libvpx-vp9', '-b:v', '2M', '-deadline', 'realtime', '-cpu-used', '8'],
  },
  'VP8 in WebM': {
    file: 'alpha8.webm',
    args: ['-pix_fmt', 'yuva420p', ...VP8, '-auto-alt-ref', '0'],
  },
};

export async function makeAlpha(path: string, args: readonly string[]): Promise<void> {
  const painters = Array.from({ length: 18 }, () => paintAlpha);
  await encodePictures({ width: 320, height: 180, format: 'rgba', fps: '30' }, painters, [...args, path]);
}

/** The card's places, and the two that are not opaque. */
export const ALPHA_CARD = { ...UPRIGHT_CARD, clear: 'black', half: 'grey' };

export function describeAlphaCard(picture: Picture): typeof ALPHA_CARD {
  const half = readPatch(picture, (HALF.from + HALF.to) / 2, 0.5);
  // Half of the white by its code values; mixing light instead of codes gives a brighter one.
  const isGrey = half.every((level) => level > 95 && level < 180) && Math.max(...half) - Math.min(...half) < 10;
  return {
    ...describeCard(picture),
    clear: nameColour(readPatch(picture, (CLEAR.from + CLEAR.to) / 2, 0.5)),
    half: isGrey ? 'grey' : `rgb(${half.join(' ')})`,
  };
}
