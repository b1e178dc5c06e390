import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobView } from '@tapedeck/contracts';
import { encodePng } from '../../scripts/sample/png.ts';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { readFiles } from '../support/read-files.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { startStack, tapeOutput, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';

const MIB = 1024 ** 2;
const DISK_BYTES = 2 * MIB;

/** Pixels that no codec makes small. */
function paintNoise(width: number, height: number): Buffer {
  const noise = randomBytes(width * height * 3);
  return encodePng(width, height, (x, y) => {
    const at = (y * width + x) * 3;
    return [noise[at]!, noise[at + 1]!, noise[at + 2]!, 255];
  });
}

/** The first frame, which becomes the poster, has one colour and stays small. */
async function buildNoisyTape(): Promise<Buffer> {
  const [width, height] = [160, 120];
  const [red, green, blue] = randomBytes(3);
  const setNoise = (files: Map<string, Buffer>): void => {
    const [first, ...others] = [...files.keys()].filter((name) => name.endsWith('.png'));
    files.set(
      first!,
      encodePng(width, height, () => [red!, green!, blue!, 255]),
    );
    for (const name of others) files.set(name, paintNoise(width, height));
  };
  return (await buildTape({ width, height, durationsMs: Array<number>(6).fill(100), change: setNoise })).zip;
}

/** Silence is small in a ZIP. */
const buildSwellingTape = async (): Promise<Buffer> => {
  const padded = (files: Map<string, Buffer>): void => void files.set('soundtrack.wav', Buffer.alloc(2 * DISK_BYTES));
  return (await buildTape({ compress: true, change: padded })).zip;
};

let disk: SmallDisk;
let stack: Stack;
let small: Buffer;
let video: Buffer;
beforeAll(async () => {
  small = (await buildTape({ durationsMs: [100, 100] })).zip;
  video = await buildSampleVideo({ width: 320, height: 180, durationSec: 3 });
});

const DISK_FULL = { status: 'failed', output: null, attempt: 2, error: { code: 'WORKER_DISK_FULL', retryable: true } };

let runs = 0;
const serve = (content: Buffer): string => stack.source.serve(`/${++runs}`, content);

async function convertTape(zip: Buffer, changes: object = {}): Promise<JobView> {
  const request = stack.tapeRequest(serve(zip), { options: { scale: 1, preset: 'ultrafast' }, ...changes });
  return stack.finished(await submit(stack, request));
}
async function convertVideo(video: Buffer, changes: object = {}): Promise<JobView> {
  const ladder = [{ name: 'high', height: 180 }];
  return stack.finished(await submit(stack, stack.videoRequest(serve(video), { ladder, ...changes })));
}

async function expectErrorCallback({ jobId, error }: JobView): Promise<void> {
  const [callback] = await stack.receiver.waitFor(jobId);
  expect(callback!.event).toMatchObject({ status: 'error', code: error!.code, error: error!.message });
}

describe('a worker whose WORK_DIR', () => {
  beforeAll(async () => {
    disk = await mountSmallDisk(DISK_BYTES);
    stack = await startStack({ env: { WORK_DIR: disk.dir, JOB_ATTEMPTS: '2' } });
  });
  afterEach(() => disk.free());
  afterAll(async () => {
    await stack?.stop();
    await disk?.remove();
  });

  const CASES: Record<string, { phase: string; convert: () => Promise<JobView>; freeBytes?: () => number }> = {
    'has no room for a source': { phase: 'download', convert: () => convertTape(randomBytes(DISK_BYTES + MIB)) },
    'has no room for what is in an archive': {
      phase: 'extract',
      convert: async () => convertTape(await buildSwellingTape()),
    },
    'has no room for an MP4': {
      phase: 'encode',
      convert: async () => convertTape(await buildNoisyTape(), { options: { scale: 4, crf: 1, preset: 'ultrafast' } }),
      freeBytes: () => 800_000,
    },
    'has no room for segments': {
      phase: 'encode',
      convert: () => convertVideo(video),
      freeBytes: () => video.length + 60_000,
    },
  };

  test.each(Object.entries(CASES))(
    '%s fails the job twice, publishes nothing and goes on',
    async (_name, { phase, convert, freeBytes }) => {
      if (freeBytes) await disk.fillUpTo(freeBytes());
      const before = await readFiles(stack.dataDir);
      const job = await convert();
      expect(job).toMatchObject({ ...DISK_FULL, error: { ...DISK_FULL.error, phase } });
      await expectErrorCallback(job);
      expect(await readFiles(stack.dataDir)).toEqual(before);
      expect(tapeOutput(await convertTape(small))).toMatchObject({ resolution: [64, 48] });
      const root = (await readdir(disk.dir)).find((name) => name.startsWith('tapedeck-'));
      expect(await readdir(join(disk.dir, root!))).toEqual(['alive']);
    },
  );
});

describe('a store whose disk is full', () => {
  beforeAll(async () => {
    disk = await mountSmallDisk(DISK_BYTES);
    stack = await startStack({ env: { DATA_DIR: disk.dir, JOB_ATTEMPTS: '1' } });
  });
  afterEach(() => disk.free());
  afterAll(async () => {
    await stack?.stop();
    await disk?.remove();
  });

  const KINDS: Record<string, (slug: string, id: string) => Promise<JobView>> = {
    'an MP4': async (slug, mongoId) =>
      convertTape(await buildNoisyTape(), { slug, mongoId, options: { scale: 1, crf: 1, preset: 'ultrafast' } }),
    'a stream': (slug, id) => convertVideo(video, { slug, id }),
  };

  test.each(Object.entries(KINDS))('keeps no part of %s, and what was there before it', async (kind, convert) => {
    const slug = kind.replace(' ', '-');
    const published = await convert(slug, 'first');
    expect(published).toMatchObject({ status: 'completed' });
    const before = await readFiles(disk.dir);
    await disk.fillUpTo(60_000);
    for (const place of [slug, `${slug}-anew`]) {
      const job = await convert(place, `second-${place}`);
      expect(job).toMatchObject({ ...DISK_FULL, attempt: 1, error: { ...DISK_FULL.error, phase: 'publish' } });
      await expectErrorCallback(job);
      const { filler, ...after } = await readFiles(disk.dir);
      expect(filler).toBeDefined();
      expect(after).toEqual(before);
    }
    await disk.free();
    expect(await convert(slug, 'third')).toMatchObject({ status: 'completed' });
  });
});
