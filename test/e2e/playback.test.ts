import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { HlsOutput } from '@tapedeck/contracts';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { startBrowser, type Browser, type Player, type PlayerState } from '../support/browser.ts';
import { readMaster, type Variant } from '../support/hls-check.ts';
import { hlsOutput, startStack, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { AAC, ffmpeg, tone } from '../support/video/clip.ts';

const exec = promisify(execFile);

const DURATION_SEC = 25;
const SONG_SEC = 12;
/** Segments begin at 0, 10 and 20. */
const BORDER_SEC = 10;
const HIGH = '640x360';
const LOW = '320x180';
const LADDER = [
  { name: 'high', height: 360 },
  { name: 'low', height: 180 },
];

interface Published {
  output: HlsOutput;
  variants: Variant[];
}

let stack: Stack;
let browser: Browser;
let film: Published;
beforeAll(async () => {
  stack = await startStack();
  browser = await startBrowser();
  const video = await buildSampleVideo({ width: 640, height: 360, durationSec: DURATION_SEC });
  film = await publish('film', video, { ladder: LADDER });
}, 120_000);
afterAll(async () => {
  await browser?.stop();
  await stack?.stop();
});

async function publish(slug: string, content: Buffer, changes: object = {}): Promise<Published> {
  const request = stack.videoRequest(stack.source.serve(`/${slug}`, content), { slug, ...changes });
  const output = hlsOutput(await stack.finished(await submit(stack, request)));
  return { output, variants: await readMaster(join(stack.dataDir, 'storage', 'media', slug, 'master.m3u8')) };
}

async function makeSong(): Promise<Buffer> {
  const temp = await createTempDir('song');
  try {
    const path = join(temp.dir, 'song.m4a');
    await ffmpeg([...tone(440, SONG_SEC), ...AAC, path]);
    return await readFile(path);
  } finally {
    await temp.remove();
  }
}

async function withPlayer(masterUrl: string, watch: (player: Player) => Promise<void>): Promise<void> {
  const player = await browser.open(masterUrl);
  try {
    await watch(player);
    expectNoComplaint(await player.state());
  } finally {
    await player.close();
  }
}

/**
 * A busy machine may stall. In hls.js's timeline every stream with B pictures begins a few hundredths of a second after
 * zero; a stall right there it ends by skipping them, and says so. A switch ends a request of its own that is on its way.
 */
function isMachines({ details, fatal, message }: PlayerState['errors'][number]): boolean {
  const isStartGap = details === 'bufferSeekOverHole' && /seeking from 0 to 0\.\d+$/.test(message);
  return !fatal && (details === 'bufferStalledError' || details === 'aborted' || isStartGap);
}

function expectNoComplaint({ errors, mediaError }: PlayerState): void {
  const complaints = errors.filter((error) => !isMachines(error));
  expect({ complaints, mediaError }).toEqual({ complaints: [], mediaError: undefined });
}

/** Pictures are decoded, and most of them in time. */
function expectDecoded(before: PlayerState, after: PlayerState, atLeast: number): void {
  const decoded = after.frames - before.frames;
  const dropped = after.droppedFrames - before.droppedFrames;
  expect(decoded).toBeGreaterThanOrEqual(atLeast);
  expect(dropped / decoded).toBeLessThan(0.5);
}

const HAVE_FUTURE_DATA = 3;

/** hls.js notices by looking every tenth of a second. */
const isShown = (wanted: string) => (state: PlayerState) => state.size === wanted && state.switchedTo.at(-1) === wanted;

describe('Chromium with hls.js', () => {
  test('can play what CODECS says, and finds the levels of the master', async () => {
    await withPlayer(film.output.hlsUrl, async (player) => {
      const { codecs } = film.variants[0]!;
      expect(codecs).toMatch(/^avc1\.64[0-9a-f]{4},mp4a\.40\.2$/);
      for (const variant of film.variants) expect(await player.isSupported(variant.codecs)).toBe(true);
      // Without this one, the answer above could be yes to everything.
      expect(await player.isSupported('avc1.640015,tape')).toBe(false);
      expect(film.variants.map(({ resolution }) => resolution)).toEqual([HIGH, LOW]);
      expect(player.levels.toSorted()).toEqual([LOW, HIGH]);
    });
  });

  test('plays from the start', async () => {
    await withPlayer(film.output.hlsUrl, async (player) => {
      const before = await player.state();
      await player.play();
      const after = await player.until('2 s', ({ currentTime }) => currentTime > 2);
      expectDecoded(before, after, 30);
      expect(after.readyState).toBeGreaterThanOrEqual(HAVE_FUTURE_DATA);
      expect(after.size).toBe(after.switchedTo.at(-1));
      expect(after.duration).toBeCloseTo(DURATION_SEC, 0);
    });
  });

  test('switches renditions at once, and at the border of a segment, and goes on', async () => {
    await withPlayer(film.output.hlsUrl, async (player) => {
      await player.switchNow(HIGH);
      await player.play();
      await player.until('the high level', (state) => isShown(HIGH)(state) && state.currentTime > 0.5);
      await player.switchNow(LOW);
      const low = await player.until('the low level', isShown(LOW));
      const lowLater = await player.until('a second more', ({ currentTime }) => currentTime > low.currentTime + 1);
      expectDecoded(low, lowLater, 15);

      await player.seek(BORDER_SEC - 2);
      const nearBorder = await player.until('the border', ({ currentTime, seeking, readyState }) => {
        return !seeking && readyState >= HAVE_FUTURE_DATA && currentTime > BORDER_SEC - 2;
      });
      expect(nearBorder.size).toBe(LOW);
      await player.switchNext(HIGH);
      const beyond = await player.until('the high level', isShown(HIGH));
      expect(beyond.currentTime).toBeGreaterThan(BORDER_SEC - 0.2);
      const later = await player.until('a second more', ({ currentTime }) => currentTime > beyond.currentTime + 1);
      expect(later.size).toBe(HIGH);
      expectDecoded(beyond, later, 15);
    });
  });

  test('seeks into the third segment and plays from there to the end', async () => {
    await withPlayer(film.output.hlsUrl, async (player) => {
      await player.play();
      await player.until('the first pictures', ({ currentTime }) => currentTime > 0.2);
      await player.seek(21.3);
      const isThere = ({ seeking, readyState }: PlayerState): boolean => !seeking && readyState >= HAVE_FUTURE_DATA;
      const there = await player.until('21.3 s', isThere);
      expect(there.currentTime).toBeGreaterThanOrEqual(21.3);
      expect(there.currentTime).toBeLessThan(23);
      const ended = await player.until('the end', (state) => state.ended);
      expect(ended.currentTime).toBeCloseTo(DURATION_SEC, 0);
      expectDecoded(there, ended, 45);
    });
  });

  test('plays sound alone, across the border of a segment, to its end', async () => {
    const song = await publish('song', await makeSong());
    await withPlayer(song.output.hlsUrl, async (player) => {
      expect(player.levels).toEqual(['sound']);
      expect(song.variants.map(({ codecs }) => codecs)).toEqual(['mp4a.40.2']);
      expect(await player.isSupported(song.variants[0]!.codecs)).toBe(true);
      await player.play();
      const playing = await player.until('1 s', ({ currentTime }) => currentTime > 1);
      expect(playing).toMatchObject({ size: '0x0', switchedTo: ['sound'] });
      await player.seek(BORDER_SEC - 0.5);
      const ended = await player.until('the end', (state) => state.ended);
      expect(ended.currentTime).toBeCloseTo(SONG_SEC, 0);
    });
    const { stderr, readSec } = await readToEnd(song.output.renditions[0]!.playlistUrl);
    expect(stderr).toBe('');
    expect(readSec).toBeCloseTo(SONG_SEC, 0);
  });
});

/** @returns how much of it there is. @throws Error with what a decoder that forgives nothing said */
async function readToEnd(playlistUrl: string): Promise<{ stderr: string; pictures: number; readSec: number }> {
  const report = ['-progress', 'pipe:1', '-nostats'];
  const args = ['-v', 'error', '-xerror', ...report, '-i', playlistUrl, '-f', 'null', '-'];
  const { stdout, stderr } = await exec('ffmpeg', args);
  const last = (name: string): number => {
    const [, value] = [...stdout.matchAll(new RegExp(`^${name}=(\\d+)$`, 'gm'))].at(-1) ?? [];
    return Number(value);
  };
  return { stderr, pictures: last('frame'), readSec: last('out_time_us') / 1e6 };
}

test('FFmpeg reads every rendition over HTTP to its end without a word', async () => {
  expect(film.output.renditions.map(({ name }) => name)).toEqual(['high', 'low']);
  for (const { playlistUrl } of film.output.renditions) {
    const { stderr, pictures, readSec } = await readToEnd(playlistUrl);
    expect({ stderr, pictures }).toEqual({ stderr: '', pictures: DURATION_SEC * 30 });
    expect(readSec).toBeCloseTo(DURATION_SEC, 0);
  }
});
