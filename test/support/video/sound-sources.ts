import { AAC, encodeCards, ffmpeg, paintCard, tone } from './clip.ts';
import { PLAIN, type VideoSource } from './source.ts';
import { encodePng } from '../../../scripts/sample/png.ts';
import { writeFile } from 'node:fs/promises';

const THREE_TONES = [...tone(400, 2), ...tone(700, 2), ...tone(1100, 2)];
const THREE_TRACKS = ['-map', '0:v', '-map', '1:a', '-map', '2:a', '-map', '3:a'];
const SECOND_IS_DEFAULT = ['-disposition:a:0', '0', '-disposition:a:1', 'default', '-disposition:a:2', '0'];

const threeTracks: VideoSource['make'] = (path) =>
  encodeCards({ inputs: THREE_TONES, output: [...THREE_TRACKS, ...SECOND_IS_DEFAULT], path });

const sounding = (inputs: readonly string[], audio: readonly string[]): VideoSource['make'] => {
  return (path) => encodeCards({ inputs, audio, path });
};

/** Video whose sound is of another kind than stereo at 48 kHz. */
export const SOUND_SOURCES: Record<string, VideoSource> = {
  'without sound': { file: 'silent.mp4', make: sounding([], []), expected: { ...PLAIN, sound: 'none' } },
  'with three tracks, the second of which is the default (Matroska)': {
    file: 'tracks.mkv',
    make: threeTracks,
    expected: { ...PLAIN, sound: { hz: 700 } },
  },
  'with three tracks, the second of which is the default (MP4)': {
    file: 'tracks.mp4',
    make: threeTracks,
    expected: { ...PLAIN, sound: { hz: 700 } },
  },
  'with telephone sound (mono, 8 kHz)': {
    file: 'mono.mov',
    make: sounding(tone(440, 2), ['-ac', '1', '-ar', '8000', '-c:a', 'pcm_mulaw']),
    expected: { ...PLAIN, sound: { hz: 440 } },
  },
  'with studio sound (96 kHz, floating point)': {
    file: 'studio.mkv',
    make: sounding(tone(440, 2), ['-ac', '2', '-ar', '96000', '-c:a', 'pcm_f32le']),
    expected: { ...PLAIN, sound: { hz: 440 } },
  },
  'with a cover beside its video': {
    file: 'covered.mp4',
    async make(path, studio) {
      const cover = await makeCover(`${path}.png`);
      const streams = ['-map', '0', '-map', '1', '-c', 'copy', '-disposition:v:1', 'attached_pic'];
      await ffmpeg(['-i', await studio.plain(), '-i', cover, ...streams, path]);
    },
    expected: PLAIN,
  },
};

/** A tone in the centre speaker and another in the front left one only. */
export const SURROUND = { centreHz: 440, leftHz: 900 };

export async function makeSurround(path: string): Promise<void> {
  const { centreHz, leftHz } = SURROUND;
  const sine = (hz: number): string => `0.4*sin(2*PI*${hz}*t)`;
  const speakers = [sine(leftHz), '0', sine(centreHz), '0', '0', '0'].join('|');
  const input = ['-f', 'lavfi', '-i', `aevalsrc=${speakers}:s=48000:c=5.1:d=2`];
  await encodeCards({ inputs: input, audio: ['-c:a', 'ac3', '-b:a', '448k'], path });
}

const COVER = { width: 240, height: 240 };

/** A card of number 7. */
async function makeCover(path: string): Promise<string> {
  const { width, height } = COVER;
  const rgb = paintCard(7, width, height);
  const png = encodePng(width, height, (x, y) => {
    const at = (y * width + x) * 3;
    return [rgb[at]!, rgb[at + 1]!, rgb[at + 2]!, 255];
  });
  await writeFile(path, png);
  return path;
}

/** A song of two seconds of 440 Hz with the card as its cover. */
export async function makeSongWithCover(path: string, audio: readonly string[]): Promise<void> {
  const cover = await makeCover(`${path}.png`);
  const streams = ['-map', '0', '-map', '1', '-c:v', 'copy', '-disposition:v', 'attached_pic'];
  await ffmpeg([...tone(440, 2), '-i', cover, ...streams, ...audio, path]);
}

export const SONGS: Record<string, readonly string[]> = {
  'song.m4a': AAC,
  'song.mp3': ['-c:a', 'libmp3lame'],
  'song.wav': ['-c:a', 'pcm_s16le'],
  'song.ogg': ['-c:a', 'libopus'],
  'song.flac': ['-c:a', 'flac'],
  'song.webm': ['-c:a', 'libopus'],
};

export async function makeSong(path: string, audio: readonly string[]): Promise<void> {
  await ffmpeg([...tone(440, 2), ...audio, path]);
}
