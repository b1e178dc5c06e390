import { readFile, writeFile } from 'node:fs/promises';
import { encodeCards, filtered, inColour, type CardClip } from './clip.ts';
import { PLAIN, type Expected, type VideoSource } from './source.ts';

/**
 * The display matrix of a track, (a b c d): a point (x, y) of the stored picture is shown at (ax + cy, bx + dy). And what
 * undoes it, so that the card is stored in the way that makes the matrix right.
 */
const MATRICES = {
  clockwise: { matrix: [0, 1, -1, 0], undo: 'transpose=cclock' },
  around: { matrix: [-1, 0, 0, -1], undo: 'hflip,vflip' },
  counterclockwise: { matrix: [0, -1, 1, 0], undo: 'transpose=clock' },
  mirrored: { matrix: [-1, 0, 0, 1], undo: 'hflip' },
} as const;

function turned(name: keyof typeof MATRICES, size: readonly [number, number]): VideoSource {
  const [width, height] = size;
  const { matrix, undo } = MATRICES[name];
  return {
    file: `${name}.mov`,
    async make(path) {
      await encodeCards({ width, height, colour: filtered(undo), path });
      await writeMatrix(path, matrix);
    },
    expected: { ...PLAIN, size },
  };
}

/** In a track header (version 0), from its name on: a, b, u, c, d, v, x, y, w, 32 bits each. */
const MATRIX_AT = 44;

/**
 * Into the first track, which is the video's. FFmpeg's own option for it turned the other way around in version 5.
 */
async function writeMatrix(path: string, [a, b, c, d]: readonly [number, number, number, number]): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.indexOf('tkhd') + MATRIX_AT;
  for (const [index, value] of [a, b, 0, c, d].entries()) bytes.writeInt32BE(value * 0x10000, at + index * 4);
  await writeFile(path, bytes);
}

/** Pixels that are not square: the card is squeezed into fewer columns and said to be wider. */
function anamorphic(file: string, codedWidth: number, shape: string, clip: Partial<CardClip> = {}): VideoSource {
  const squeeze = `scale=${codedWidth}:180:flags=area,setsar=${shape}`;
  return {
    file,
    make: (path) => encodeCards({ ...clip, width: 320, height: 180, colour: filtered(squeeze), path }),
    expected: PLAIN,
  };
}

function sized(file: string, width: number, height: number, clip: Partial<CardClip>, expected: Partial<Expected>) {
  return {
    file,
    make: (path: string) => encodeCards({ ...clip, width, height, path }),
    expected: { ...PLAIN, size: [width, height], ...expected } satisfies Expected,
  };
}

export const SHAPE_SOURCES: Record<string, VideoSource> = {
  'a phone held upright (shown turned by 90°)': turned('clockwise', [180, 320]),
  'a phone upside down (shown turned by 180°)': turned('around', [320, 180]),
  'a phone held upright the other way (shown turned by 270°)': turned('counterclockwise', [180, 320]),
  'a front camera (shown mirrored)': turned('mirrored', [320, 180]),
  'pixels of 16:11': anamorphic('sar-16-11.mp4', 220, '16/11'),
  'pixels of 4:3 said by Matroska': anamorphic('sar-4-3.mkv', 240, '4/3'),
  'pixels of 8:9, taller than wide': anamorphic('sar-8-9.ts', 360, '8/9', {
    video: ['-c:v', 'mpeg2video', '-q:v', '2'],
    audio: ['-c:a', 'mp2'],
  }),
  'odd sides, 4:2:0': sized(
    'odd.webm',
    241,
    161,
    {
      video: ['-c:v', 'libvpx-vp9', '-b:v', '2M', '-deadline', 'realtime', '-cpu-used', '8'],
      audio: ['-c:a', 'libopus'],
    },
    {},
  ),
  'odd sides that a rung cuts down': sized('odd.mkv', 321, 181, { colour: inColour('bt709', 'yuv444p') }, {}),
  'a portrait': sized('portrait.mp4', 180, 320, {}, {}),
  'a picture four times as wide as high': sized('wide.mp4', 640, 160, {}, {}),
};
