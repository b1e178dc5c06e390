import { ffmpeg } from './clip.ts';
import { readPatch, type Picture, type Rgb } from './test-card.ts';

/** Light in nits of BT.2020's red, green and blue. */
type Light = readonly [number, number, number];

/** Diffuse white of both kinds of HDR (ITU-R BT.2408). */
const WHITE_NITS = 203;
/** Grey that reflects 18 percent: code 0.38 of both kinds. */
const GREY_NITS = 26;
/** What BT.709's red is made of in BT.2020 (ITU-R BT.2087). */
const RED_OF_709 = [0.6274, 0.0691, 0.0164] as const;

interface Patch {
  light: Light;
  /** What it must look like in SDR. */
  isRight(colour: Rgb): boolean;
}

const saturation = (colour: Rgb, channel: 0 | 1 | 2): number =>
  colour[channel] - Math.max(...colour.filter((_, index) => index !== channel));
const isNeutral = (colour: Rgb): boolean => Math.max(...colour) - Math.min(...colour) <= 10;

/** Eight patches, four above four. */
const PATCHES: Record<string, Patch> = {
  // Luma code 24 at most.
  black: { light: [0, 0, 0], isRight: (colour) => Math.max(...colour) <= 9 },
  white: {
    light: [WHITE_NITS, WHITE_NITS, WHITE_NITS],
    isRight: (colour) => Math.min(...colour) > 195 && isNeutral(colour),
  },
  grey: {
    light: [GREY_NITS, GREY_NITS, GREY_NITS],
    // Without tone-mapping its code is 97; 18 percent in BT.709 is 104, of a white that is not at the top less.
    isRight: (colour) => colour[0] > 70 && colour[0] < 135 && isNeutral(colour),
  },
  red: { light: [WHITE_NITS, 0, 0], isRight: (colour) => saturation(colour, 0) > 150 },
  green: { light: [0, WHITE_NITS, 0], isRight: (colour) => saturation(colour, 1) > 150 },
  blue: { light: [0, 0, WHITE_NITS], isRight: (colour) => saturation(colour, 2) > 150 },
  'red of BT.709': {
    light: [RED_OF_709[0] * WHITE_NITS, RED_OF_709[1] * WHITE_NITS, RED_OF_709[2] * WHITE_NITS],
    isRight: (colour) => saturation(colour, 0) > 150,
  },
  'highlight of 800 nit': {
    light: [800, 800, 800],
    isRight: (colour) => Math.min(...colour) > 225 && isNeutral(colour),
  },
};

const COLUMNS = 4;
const ROWS = 2;
const SIZE = { width: 320, height: 180 };

export type HdrKind = 'PQ' | 'HLG';

/** SMPTE ST 2084: a code for an amount of light. */
function encodePq(nits: number): number {
  const [m1, m2, c1, c2, c3] = [0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875];
  const power = (nits / 10_000) ** m1;
  return ((c1 + c2 * power) / (1 + c3 * power)) ** m2;
}

/** BT.2100 HLG for a display of 1000 nit: back through the system gamma of 1.2 to the scene, then its code. */
function encodeHlg(light: Light): Light {
  const luminance = (0.2627 * light[0] + 0.678 * light[1] + 0.0593 * light[2]) / 1000;
  const scene = (nits: number): number => (luminance === 0 ? 0 : nits / 1000 / luminance ** (0.2 / 1.2));
  const [a, b, c] = [0.17883277, 0.28466892, 0.55991073];
  const code = (value: number): number =>
    value <= 1 / 12 ? Math.sqrt(3 * value) : Math.min(1, a * Math.log(12 * value - b) + c);
  return [code(scene(light[0])), code(scene(light[1])), code(scene(light[2]))];
}

/** 10-bit limited-range YCbCr of BT.2020, constant for a whole patch. */
function toYcbcr([red, green, blue]: Light): Light {
  const luma = 0.2627 * red + 0.678 * green + 0.0593 * blue;
  return [
    Math.round(64 + 876 * luma),
    Math.round(512 + (896 * (blue - luma)) / 1.8814),
    Math.round(512 + (896 * (red - luma)) / 1.4746),
  ];
}

function patchAt(u: number, v: number): Patch {
  return Object.values(PATCHES)[Math.floor(v * ROWS) * COLUMNS + Math.floor(u * COLUMNS)]!;
}

/** A picture in yuv420p10le, by code values: no converter that could be wrong has a part in it. */
function paintPatches(kind: HdrKind): Buffer {
  const codes = new Map(
    Object.values(PATCHES).map((patch) => {
      const { light } = patch;
      const rgb: Light =
        kind === 'HLG' ? encodeHlg(light) : [encodePq(light[0]), encodePq(light[1]), encodePq(light[2])];
      return [patch, toYcbcr(rgb)];
    }),
  );
  const plane = (channel: 0 | 1 | 2, divisor: number): Buffer => {
    const [width, height] = [SIZE.width / divisor, SIZE.height / divisor];
    const samples = Buffer.alloc(width * height * 2);
    for (let index = 0; index < width * height; index += 1) {
      const patch = patchAt(((index % width) + 0.5) / width, (Math.floor(index / width) + 0.5) / height);
      samples.writeUInt16LE(codes.get(patch)![channel], index * 2);
    }
    return samples;
  };
  return Buffer.concat([plane(0, 1), plane(1, 2), plane(2, 2)]);
}

const TRANSFERS: Record<HdrKind, string> = { PQ: 'smpte2084', HLG: 'arib-std-b67' };

export const HDR_SOURCES: Record<string, { kind: HdrKind; file: string; isVp9?: boolean }> = {
  'PQ in HEVC (HDR10)': { kind: 'PQ', file: 'hdr10.mp4' },
  'HLG in HEVC (phones)': { kind: 'HLG', file: 'hlg.mov' },
  'PQ in VP9 (WebM)': { kind: 'PQ', file: 'hdr.webm', isVp9: true },
};

export async function makeHdr(path: string, kind: HdrKind, isVp9 = false): Promise<void> {
  const transfer = TRANSFERS[kind];
  const hdr10 =
    kind === 'PQ'
      ? ':hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,203'
      : '';
  const x265 = `log-level=none:pools=2:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc:range=limited${hdr10}`;
  const hevc = ['-c:v', 'libx265', '-preset', 'ultrafast', '-crf', '10', '-tag:v', 'hvc1', '-x265-params', x265];
  const vp9 = ['-c:v', 'libvpx-vp9', '-profile:v', '2', '-b:v', '4M', '-deadline', 'realtime', '-cpu-used', '8'];
  const tags = ['-color_primaries', 'bt2020', '-color_trc', transfer, '-colorspace', 'bt2020nc', '-color_range', 'tv'];
  const tagFrames = `setparams=color_primaries=bt2020:color_trc=${transfer}:colorspace=bt2020nc:range=tv`;
  const picture = paintPatches(kind);
  await ffmpeg(
    [
      ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p10le', '-video_size', '320x180', '-framerate', '25', '-i', 'pipe:0'],
      ...['-vf', tagFrames, ...(isVp9 ? vp9 : hevc), ...tags, path],
    ],
    Array.from({ length: 15 }, () => picture),
  );
}

/** Patches that do not look as they should in SDR. Empty for a picture that was converted well. */
export function findHdrFaults(picture: Picture): string[] {
  const seen = Object.keys(PATCHES).map((name, index) => {
    const u = ((index % COLUMNS) + 0.5) / COLUMNS;
    const v = (Math.floor(index / COLUMNS) + 0.5) / ROWS;
    return { name, colour: readPatch(picture, u, v) };
  });
  const wrong = seen.filter(({ name, colour }) => !PATCHES[name]!.isRight(colour));
  const greenOf = (name: string): number => seen.find((patch) => patch.name === name)!.colour[1];
  // Cut off at white, clouds and lamps would be one flat area.
  const isRolledOff = greenOf('highlight of 800 nit') >= greenOf('white') + 8;
  return [
    ...wrong.map(({ name, colour }) => `${name} is rgb(${colour.join(' ')})`),
    ...(isRolledOff ? [] : ['a highlight is no brighter than white']),
  ];
}
