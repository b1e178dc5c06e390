import { join } from 'node:path';
import { encodeCards, ffmpeg } from './clip.ts';

/** What someone who plays the source sees and hears, and so what the result must show. */
export interface Expected {
  /** Upright, in square pixels. */
  size: readonly [number, number];
  /** Undefined: the source has no constant rate. */
  fps: number | undefined;
  durationSec: number;
  /** From when on each picture is shown. */
  pictures: readonly TimedPicture[];
  sound: 'none' | { beepSecs: readonly number[] } | { hz: number };
  /** The file begins by so much after its own zero: a result may, or may not, keep that as a still picture. */
  leadSec?: number;
}

export interface TimedPicture {
  number: number;
  startSec: number;
}

export interface VideoSource {
  /** With extension: names are what people have, contents are what counts. */
  file: string;
  make(path: string, studio: Studio): Promise<void>;
  expected: Expected;
}

export function everyPicture(count: number, fps: number, startSec = 0): TimedPicture[] {
  return Array.from({ length: count }, (_, number) => ({ number, startSec: startSec + number / fps }));
}

/** What most sources are: two seconds of numbered cards with a beep in the middle. */
export const PLAIN: Expected = {
  size: [320, 180],
  fps: 30,
  durationSec: 2,
  pictures: everyPicture(60, 30),
  sound: { beepSecs: [1] },
};

/** Where fixtures are made, and what several of them are made from. */
export interface Studio {
  dir: string;
  /** The plain clip as MP4: H.264 with B pictures, a key frame every 20 pictures, AAC. */
  plain(): Promise<string>;
}

export function createStudio(dir: string): Studio {
  let plain: Promise<string> | undefined;
  const encodePlain = async (): Promise<string> => {
    const path = join(dir, 'plain.mp4');
    await encodeCards({ path });
    return path;
  };
  return { dir, plain: () => (plain ??= encodePlain()) };
}

/** The plain clip, its packets as they are, in another container. */
export function repacked(output: readonly string[], input: readonly string[] = []): VideoSource['make'] {
  return async (path, studio) => {
    await ffmpeg([...input, '-i', await studio.plain(), '-c', 'copy', ...output, path]);
  };
}
