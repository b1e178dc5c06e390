import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { constantRate, readMediaPlaylist, readRendition, toneLevel } from '../support/hls-check.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import {
  CODEC_SOURCES,
  combedPart,
  convertVideo,
  createStudio,
  decodeStill,
  describeCard,
  findBar,
  findFaults,
  HOUR,
  INTERLACED,
  INTERLACED_CODECS,
  makeHour,
  makeInterlaced,
  makeSabotaged,
  makeSong,
  makeSongWithCover,
  makeSurround,
  readNumber,
  readRenditions,
  SABOTAGE,
  SHAPE_SOURCES,
  TWO_RUNGS,
  SONGS,
  SOUND_SOURCES,
  stripeError,
  SURROUND,
  TIMING_SOURCES,
  UPRIGHT_CARD,
  type Studio,
  type VideoSource,
} from '../support/video-sources.ts';

let stack: Stack;
let temp: TempDir;
let studio: Studio;
beforeAll(async () => {
  temp = await createTempDir('videos');
  studio = createStudio(temp.dir);
  stack = await startStack();
});
afterAll(async () => {
  await stack.stop();
  await temp.remove();
});

/** What is wrong with each rendition of what the service makes of a source. */
async function convertAndFindFaults(
  { file, make, expected }: VideoSource,
  ladder = [{ name: 'big', height: 180 }],
): Promise<Record<string, string[]>> {
  const path = join(temp.dir, file);
  await make(path, studio);
  const converted = await convertVideo(stack, path, { ladder });
  const { duration, resolution, posterUrl } = converted.output;
  const renditions = await readRenditions(converted);
  expect(resolution).toEqual(Object.values(renditions)[0]!.video!.size);
  expect(Math.abs(duration - expected.durationSec)).toBeLessThan(0.1 + (expected.leadSec ?? 0));
  expect((await fetch(posterUrl!)).status).toBe(200);
  const faults = Object.entries(renditions).map(([name, rendition]) => {
    const rung = ladder.find((one) => one.name === name)!;
    return [name, findFaults(rendition, expected, rung.height)];
  });
  return Object.fromEntries(faults) as Record<string, string[]>;
}

const NO_FAULTS = { big: [] };

describe('every picture is seen, as it was recorded and when it was recorded, of', () => {
  test.each(Object.entries(CODEC_SOURCES))('%s', async (_name, source) => {
    expect(await convertAndFindFaults(source)).toEqual(NO_FAULTS);
  });

  test.each(Object.entries(SHAPE_SOURCES))('%s, in both sizes', async (_name, source) => {
    expect(await convertAndFindFaults(source, TWO_RUNGS)).toEqual({ big: [], small: [] });
  });

  test.each(Object.entries(SOUND_SOURCES))('a video %s', async (_name, source) => {
    expect(await convertAndFindFaults(source)).toEqual(NO_FAULTS);
  });

  test.each(Object.entries(TIMING_SOURCES))('a video %s', async (_name, source) => {
    expect(await convertAndFindFaults(source)).toEqual(NO_FAULTS);
  });
});

describe('these checks have something to say about a stream', () => {
  test('but not if it is as it should be', async () => {
    const playlist = join(temp.dir, 'right.m3u8');
    await makeSabotaged(playlist, await studio.plain(), []);
    const { expected } = CODEC_SOURCES['H.264 in MP4']!;
    expect(findFaults(await readRendition(playlist), expected, 180)).toEqual([]);
  });

  test.each(Object.entries(SABOTAGE))('%s', async (name, { args, says }) => {
    const playlist = join(temp.dir, `${name.replaceAll(/\W/g, '-')}.m3u8`);
    await makeSabotaged(playlist, await studio.plain(), args);
    const { expected } = CODEC_SOURCES['H.264 in MP4']!;
    expect(findFaults(await readRendition(playlist), expected, 180).join('\n')).toMatch(says);
  });
});

describe('interlaced video', () => {
  const ladder = [{ name: 'only', height: INTERLACED.height }];

  test.each(Object.entries(INTERLACED_CODECS))('in %s is shown without combs and in full height', async (_, codec) => {
    const path = join(temp.dir, codec.file);
    await makeInterlaced(path, codec.video);
    const woven = await readRendition(path);
    expect(Math.max(...woven.pictures.map(combedPart))).toBeGreaterThan(0.01);

    const { only } = await readRenditions(await convertVideo(stack, path, { ladder }));
    expect(only!.complaints).toBe('');
    expect(only!.video).toMatchObject({ size: [INTERLACED.width, INTERLACED.height], isInterlaced: false });
    expect([25, 50]).toContain(Math.round(constantRate(only!.video!.startSecs)));
    expect(Math.max(...only!.pictures.map(combedPart))).toBeLessThan(0.001);
    // The first and the last field have one neighbour in time only.
    expect(Math.max(...only!.pictures.slice(1, -1).map(stripeError))).toBeLessThan(25);
    const bars = only!.pictures.slice(0, 19).map(findBar);
    const steps = bars.slice(1).map((bar, index) => bar - bars[index]!);
    expect(steps.filter((step) => Math.abs(step) > 0.3 || step > 0.01)).toHaveLength(steps.length);
  });
});

test('5.1 sound becomes stereo: the centre is on both sides, the left is on the left', async () => {
  const path = join(temp.dir, 'surround.mkv');
  await makeSurround(path);
  const { big } = await readRenditions(await convertVideo(stack, path));
  expect(big!.audio).toMatchObject({ codec: 'aac', channels: 2, rateHz: 48_000 });
  const levels = big!.channels.map((samples) => [
    toneLevel(samples, SURROUND.centreHz) > 0.05,
    toneLevel(samples, SURROUND.leftHz) > 0.05,
  ]);
  expect(levels).toEqual([
    [true, true],
    [true, false],
  ]);
});

describe('sound alone', () => {
  async function expectSong(path: string): Promise<string | undefined> {
    const converted = await convertVideo(stack, path);
    const { output, variants } = converted;
    expect(output.resolution ?? null).toBeNull();
    expect(variants).toHaveLength(1);
    expect(variants[0]).toMatchObject({ resolution: undefined, codecs: 'mp4a.40.2' });
    const [rendition] = Object.values(await readRenditions(converted));
    expect(rendition).toMatchObject({
      complaints: '',
      video: undefined,
      audio: { codec: 'aac', channels: 2, rateHz: 48_000, gapSecs: [] },
    });
    expect(Math.abs(output.duration - 2)).toBeLessThan(0.1);
    expect(Math.abs(rendition!.audio!.durationSec - 2)).toBeLessThan(0.1);
    for (const samples of rendition!.channels) expect(toneLevel(samples, 440)).toBeGreaterThan(0.25);
    return output.posterUrl;
  }

  test.each(Object.entries(SONGS))('in %s becomes one rendition without pictures', async (file, audio) => {
    const path = join(temp.dir, file);
    await makeSong(path, audio);
    expect(await expectSong(path)).toBeUndefined();
  });

  test.each(['song.m4a', 'song.mp3', 'song.flac'])('in %s has its cover as the poster', async (file) => {
    const dir = join(temp.dir, 'covers');
    await mkdir(dir, { recursive: true });
    const path = join(dir, file);
    await makeSongWithCover(path, SONGS[file]!);
    const posterUrl = await expectSong(path);
    const poster = await decodeStill(Buffer.from(await (await fetch(posterUrl!)).arrayBuffer()));
    expect(poster).toMatchObject({ width: 240, height: 240 });
    expect(describeCard(poster)).toEqual(UPRIGHT_CARD);
    expect(readNumber(poster)).toBe(7);
  });
});

test('the poster shows a picture of the video, upright', async () => {
  const { file, make } = SHAPE_SOURCES['a phone held upright (shown turned by 90°)']!;
  const path = join(temp.dir, file);
  await make(path, studio);
  const { output } = await convertVideo(stack, path);
  const poster = await decodeStill(Buffer.from(await (await fetch(output.posterUrl!)).arrayBuffer()));
  expect(poster).toMatchObject({ width: 180, height: 320 });
  expect(describeCard(poster)).toEqual(UPRIGHT_CARD);
});

test('an hour becomes 360 segments that show every picture of it', async () => {
  const path = join(temp.dir, 'hour.mp4');
  await makeHour(path);
  const converted = await convertVideo(stack, path, { ladder: [{ name: 'only', height: HOUR.height }] });
  const [variant] = converted.variants;
  const { segmentSecs, isComplete } = await readMediaPlaylist(variant!.path);
  expect(isComplete).toBe(true);
  expect(Math.abs(segmentSecs.length - 360)).toBeLessThanOrEqual(1);
  expect(Math.max(...segmentSecs)).toBeLessThan(12);
  const { only } = await readRenditions(converted);
  expect(only!.complaints).toBe('');
  expect(converted.output.duration).toBeCloseTo(3600, 0);
  const numbers = only!.pictures.map((picture) => readNumber(picture, 'filled'));
  const seen = numbers.filter((number, index) => number !== numbers[index - 1]);
  const count = HOUR.minutes * HOUR.picturesAMinute;
  expect(seen).toEqual(Array.from({ length: count }, (_, index) => index % HOUR.picturesAMinute));
  const last = only!.video!.startSecs.at(-1)!;
  expect(last).toBeGreaterThan(3599);
  expect(last).toBeLessThan(3600.1);
});
