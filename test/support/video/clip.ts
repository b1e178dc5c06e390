import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { CARD_BITS, CARD_COLOURS, colourOfCard, paint, type CardStyle, type Painter } from './test-card.ts';

/** Runs FFmpeg; pictures go in through stdin one by one. @returns stdout @throws Error with what it said */
export async function ffmpeg(args: readonly string[], pictures: Iterable<Buffer> = []): Promise<Buffer> {
  const child = spawn('ffmpeg', ['-v', 'error', '-y', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const [output, complaints, [code]] = await Promise.all([
    buffer(child.stdout),
    buffer(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
    // It may have enough before it has everything: what matters is how it ends.
    pipeline(Readable.from(pictures), child.stdin).catch(() => undefined),
  ]);
  if (code !== 0) throw new Error(`ffmpeg ${args.join(' ')}\n${complaints.toString()}`);
  return output;
}

export type Matrix = 'bt709' | 'smpte170m';

/** RGB to YCbCr of a matrix, and the tags that say so, in the pictures and around them. @param before other filters */
export function inColour(matrix: Matrix, format: string, range: 'tv' | 'pc' = 'tv', before = ''): readonly string[] {
  const convert = `scale=out_color_matrix=${matrix}:out_range=${range}:flags=accurate_rnd+full_chroma_int`;
  const tag = `setparams=colorspace=${matrix}:color_primaries=${matrix}:color_trc=${matrix}:range=${range}`;
  return [
    ...['-vf', [before, convert, `format=${format}`, tag].filter(Boolean).join(',')],
    ...['-colorspace', matrix, '-color_primaries', matrix, '-color_trc', matrix, '-color_range', range],
  ];
}

export const BT709 = inColour('bt709', 'yuv420p');
/** What players take small video for that says nothing. */
export const BT601 = inColour('smpte170m', 'yuv420p');

/** Pictures that go through other filters first. */
export const filtered = (filter: string): readonly string[] => inColour('bt709', 'yuv420p', 'tv', filter);

/** Fast, and good enough that nothing seen afterwards is this encoder's doing. */
export const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '14', '-threads', '2', '-g', '20', '-bf', '2'];
/** Spinning threads cost more than they bring at this size; a positive speed would wait for the clock. */
export const VP8 = [
  '-c:v',
  'libvpx',
  '-b:v',
  '2M',
  '-deadline',
  'realtime',
  '-cpu-used',
  '-8',
  '-lag-in-frames',
  '0',
  '-threads',
  '1',
];
export const AAC = ['-c:a', 'aac', '-b:a', '128k'];

export const BEEP_HZ = 1000;

export const X264_IN_ORDER = [...X264, '-bf', '0'];

/** Silence with a beep of a tenth of a second. */
export function beepAt(beepSec: number, durationSec: number): string[] {
  const beep = `if(between(t\\,${beepSec}\\,${beepSec + 0.1})\\,0.8*sin(2*PI*${BEEP_HZ}*t)\\,0)`;
  return ['-f', 'lavfi', '-i', `aevalsrc=${beep}|${beep}:s=48000:d=${durationSec}`];
}

export function tone(hz: number, durationSec: number): string[] {
  return ['-f', 'lavfi', '-i', `aevalsrc=0.5*sin(2*PI*${hz}*t):s=48000:d=${durationSec}`];
}

export interface CardClip {
  width?: number;
  height?: number;
  /** As FFmpeg writes rates: `30`, `24000/1001`. */
  fps?: string;
  count?: number;
  style?: CardStyle;
  /** Inputs beside the pictures, which are input 0. */
  inputs?: readonly string[];
  /** How the pictures are converted and tagged. */
  colour?: readonly string[];
  video?: readonly string[];
  audio?: readonly string[];
  /** Arguments of the output, right before its name. */
  output?: readonly string[];
  path: string;
}

/** Encodes numbered test cards, 0, 1, 2 …, with a beep at one second unless other sound is asked for. */
export async function encodeCards(clip: CardClip): Promise<void> {
  const { width = 320, height = 180, fps = '30', count = 60, style = 'card' } = clip;
  const size = `${width}x${height}`;
  await ffmpeg(
    [
      ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-video_size', size, '-framerate', fps, '-i', 'pipe:0'],
      ...(clip.inputs ?? beepAt(1, 2)),
      ...(clip.colour ?? BT709),
      ...(clip.video ?? X264),
      ...(clip.audio ?? AAC),
      ...(clip.output ?? []),
      clip.path,
    ],
    paintCards(width, height, count, style),
  );
}

function* paintCards(width: number, height: number, count: number, style: CardStyle): Iterable<Buffer> {
  for (let number = 0; number < count; number += 1) yield paintCard(number, width, height, style);
}

/** Number 0 of each size, and which bytes each bit of a number makes white: most of a card never changes. */
const blanks = new Map<string, { pixels: Buffer; bits: number[][] }>();

export function paintCard(number: number, width: number, height: number, style: CardStyle = 'card'): Buffer {
  const key = `${width}x${height} ${style}`;
  const blank = blanks.get(key) ?? paintBlank(width, height, style);
  blanks.set(key, blank);
  const pixels = Buffer.from(blank.pixels);
  for (const [bit, places] of blank.bits.entries()) {
    if ((number >> bit) & 1) for (const at of places) pixels[at] = CARD_COLOURS.white[0];
  }
  return pixels;
}

function paintBlank(width: number, height: number, style: CardStyle): { pixels: Buffer; bits: number[][] } {
  const painted = (number: number): Buffer => paint(width, height, (u, v) => colourOfCard(number, u, v, style));
  const pixels = painted(0);
  const bits = Array.from({ length: CARD_BITS }, (_, bit) => {
    const white = painted(1 << bit);
    return [...white.keys()].filter((at) => white[at] !== pixels[at]);
  });
  return { pixels, bits };
}

/** Encodes pictures of any kind; there is no sound. */
export async function encodePictures(
  pixels: { width: number; height: number; format: 'rgb24' | 'rgba'; fps: string },
  painters: readonly Painter[],
  args: readonly string[],
): Promise<void> {
  const { width, height, format, fps } = pixels;
  const input = ['-f', 'rawvideo', '-pix_fmt', format, '-video_size', `${width}x${height}`, '-framerate', fps];
  await ffmpeg(
    [...input, '-i', 'pipe:0', ...args],
    painters.map((painter) => paint(width, height, painter, format === 'rgba' ? 4 : 3)),
  );
}
