import { encodeCards, encodePictures, ffmpeg } from './clip.ts';
import { CARD_COLOURS, readPatch, type Painter, type Picture } from './test-card.ts';

export const INTERLACED = { width: 320, height: 192, fieldsPerSec: 50, fields: 60 };

const DARK = [40, 40, 40] as const;
const isStripe = (v: number): boolean => (Math.floor(v * INTERLACED.height) >> 1) % 2 === 1;
const barAt = (field: number): number => 0.52 + ((field * 0.02) % 0.4);

/** Left: lines that stand still, as fine as a field can hardly show. Right: a bar that moves from field to field. */
function fieldPainter(field: number): Painter {
  return (u, v) => {
    if (u < 0.5) return isStripe(v) ? CARD_COLOURS.white : CARD_COLOURS.black;
    return u >= barAt(field) && u < barAt(field) + 0.06 ? CARD_COLOURS.white : DARK;
  };
}

export const INTERLACED_CODECS: Record<string, { file: string; video: readonly string[] }> = {
  'MPEG-2, as DVDs and old cameras have it': {
    file: 'interlaced.mpg',
    video: ['-c:v', 'mpeg2video', '-q:v', '2', '-flags', '+ilme+ildct', '-alternate_scan', '1'],
  },
  'H.264, as AVCHD cameras have it': {
    file: 'interlaced.mts',
    video: ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '12', '-x264-params', 'tff=1'],
  },
};

export async function makeInterlaced(path: string, video: readonly string[]): Promise<void> {
  const { width, height, fieldsPerSec, fields } = INTERLACED;
  const painters = Array.from({ length: fields }, (_, field) => fieldPainter(field));
  const weave = ['-vf', 'format=yuv420p,tinterlace=interleave_top:flags=0', '-top', '1'];
  const format = path.endsWith('.mts') ? ['-f', 'mpegts'] : [];
  await encodePictures({ width, height, format: 'rgb24', fps: String(fieldsPerSec) }, painters, [
    ...[...weave, ...video, '-an', ...format, path],
  ]);
}

/** Which part of the moving side's pixels lie between two lines that both differ from it in the same direction. */
export function combedPart({ width, height, rgb }: Picture): number {
  const level = (x: number, y: number): number => rgb[(y * width + x) * 3 + 1]!;
  let combed = 0;
  let count = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = Math.ceil(width / 2) + 2; x < width; x += 1) {
      const above = level(x, y - 1) - level(x, y);
      const below = level(x, y + 1) - level(x, y);
      if (above * below > 30 * 30) combed += 1;
      count += 1;
    }
  }
  return combed / count;
}

/** How far the still lines are from what was painted, from 0 to 255; half the lines alone cannot show them. */
export function stripeError(picture: Picture): number {
  const { width, height, rgb } = picture;
  let sum = 0;
  let count = 0;
  for (let y = 8; y < height - 8; y += 1) {
    for (let x = 8; x < width / 2 - 8; x += 1) {
      const painted = isStripe((y + 0.5) / height) ? 235 : 0;
      sum += Math.abs(rgb[(y * width + x) * 3 + 1]! - painted);
      count += 1;
    }
  }
  return sum / count;
}

/** Where the bar begins, from 0 to 1 of the width. */
export function findBar(picture: Picture): number {
  for (let u = 0.51; u < 0.98; u += 1 / picture.width) {
    if (readPatch(picture, u, 0.5, 0.002)[1] > 140) return u;
  }
  return NaN;
}

export const HOUR = { width: 32, height: 24, fps: 2, picturesAMinute: 120, minutes: 60 };

/** One minute sixty times, its packets as they are. */
export async function makeHour(path: string): Promise<void> {
  const { width, height, fps, picturesAMinute, minutes } = HOUR;
  const minute = `${path}.minute.mp4`;
  const size = { width, height, fps: String(fps), count: picturesAMinute, style: 'filled' as const };
  const video = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '10', '-bf', '0', '-g', '20'];
  await encodeCards({ ...size, inputs: [], audio: [], video, path: minute });
  await ffmpeg(['-stream_loop', String(minutes - 1), '-i', minute, '-c', 'copy', path]);
}

/** The plain clip, spoilt in one way each: what a converter could do wrong, and what the checks must say to it. */
export const SABOTAGE: Record<string, { args: readonly string[]; says: RegExp }> = {
  'turned around': { args: ['-vf', 'hflip,vflip'], says: /topLeft white instead of red/ },
  mirrored: { args: ['-vf', 'hflip'], says: /topLeft green instead of red/ },
  cropped: { args: ['-vf', 'crop=300:168,scale=320:180'], says: /left (?:red|blue|rgb.*) instead of yellow/ },
  'with bars': { args: ['-vf', 'scale=320:150,pad=320:180:0:15'], says: /top black instead of yellow/ },
  squeezed: { args: ['-vf', 'scale=240:180,setsar=4/3'], says: /pixels of 4:3/ },
  'with the other matrix': { args: ['-colorspace', 'smpte170m'], says: /topRight rgb\(/ },
  'with the other range': { args: ['-vf', 'scale=out_range=pc,setparams=range=tv'], says: /topLeft rgb\(/ },
  'without colour tags': {
    args: ['-bsf:v', 'h264_metadata=colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2'],
    says: /colour tagged/,
  },
  'at another rate': { args: ['-r', '25'], says: /25\.000 fps, not 30/ },
  'with blended pictures': { args: ['-vf', 'tmix=frames=2'], says: /pictures missing at their time/ },
  'with every third picture twice': { args: ['-vf', 'fps=20,fps=30'], says: /pictures missing at their time/ },
  'two pictures late': { args: ['-vf', 'tpad=start=2:start_mode=clone'], says: /sound -0\.067 s after its picture/ },
  'with late sound': { args: ['-af', 'adelay=80:all=1'], says: /sound 0\.08\d s after its picture/ },
  'without sound': { args: ['-an'], says: /has no sound/ },
  'with sound in one channel': { args: ['-af', 'pan=stereo|c0=c0|c1=0*c0'], says: /channel 1: beeps at no time/ },
  'with mono sound': { args: ['-ac', '1'], says: /1 channels/ },
  'cut short': { args: ['-t', '1.8'], says: /video of 1\.800 s, not 2/ },
  'with 4:4:4': { args: ['-pix_fmt', 'yuv444p'], says: /pixel format yuv444p/ },
};

/** A stream as it should be, but for the sabotage. */
export async function makeSabotaged(playlist: string, plain: string, args: readonly string[]): Promise<void> {
  const tags = ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
  const video = ['-c:v', 'libx264', '-preset', 'superfast', '-crf', '20', ...tags];
  const audio = ['-c:a', 'aac', '-ac', '2', '-ar', '48000'];
  await ffmpeg(['-i', plain, ...video, ...audio, ...args, '-f', 'hls', '-hls_playlist_type', 'vod', playlist]);
}
