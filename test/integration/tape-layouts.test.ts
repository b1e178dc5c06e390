import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import type { JobView } from '@tapedeck/contracts';
import { probe, readShownPictures } from '../support/numbered-frames.ts';
import type { ReceivedCallback } from '../support/receiver.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { buildTape, type BuiltTape, type LayoutName, type TapeOptions } from '../support/tape-layouts.ts';
import { findWrongInstants } from '../support/timing-check.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

interface Converted {
  job: JobView;
  callback: ReceivedCallback;
  mp4Path: string;
}

async function convert(tape: BuiltTape, changes: Record<string, unknown> = {}): Promise<Converted> {
  const zipUrl = stack.source.serve(`/${crypto.randomUUID()}.zip`, tape.zip);
  const { body } = await stack.post(stack.tapeRequest(zipUrl, changes));
  const job = await stack.finished(body.jobId);
  const [callback] = await stack.receiver.waitFor(body.jobId);
  return { job, callback: callback!, mp4Path: join(stack.dataDir, 'storage', 'tapes', `${job.slug}.mp4`) };
}

async function expectRightPictures(mp4Path: string, tape: BuiltTape): Promise<void> {
  const shown = await readShownPictures(mp4Path);
  expect(findWrongInstants(shown, tape.intended, tape.totalMs)).toEqual([]);
}

const LAYOUTS: LayoutName[] = ['L1', 'L2', 'L3', 'L4', 'L5', 'L6'];

describe.each(LAYOUTS)('a tape in layout %s', (layout) => {
  test.each([{ soundtrack: false }, { soundtrack: true }])(
    'becomes an MP4 that shows each frame when timing.json says, soundtrack: $soundtrack',
    async ({ soundtrack }) => {
      const tape = await buildTape({ layout, soundtrack });
      const { job, callback, mp4Path } = await convert(tape);
      expect(job).toMatchObject({ status: 'completed', progress: 100, attempt: 1, error: null });
      expect(callback.verified).toBe(true);
      expect(callback.event).toMatchObject({ status: 'complete', mongoId: job.reference, resolution: [384, 288] });
      expect(callback.event.duration).toBeCloseTo(tape.totalMs / 1000, 1);
      const { streams } = await probe(mp4Path);
      expect(streams.map((stream) => stream.codec_name)).toEqual(soundtrack ? ['h264', 'aac'] : ['h264']);
      await expectRightPictures(mp4Path, tape);
    },
  );
});

const VARIANTS: Record<string, TapeOptions> = {
  'with odd sides': { width: 65, height: 49 },
  'of one pixel': { width: 1, height: 1, durationsMs: [100, 100] },
  'of one frame': { durationsMs: [100] },
  'in a folder': { folder: 'frames' },
  'deflated instead of stored': { compress: true, soundtrack: true },
  'without timing.json': { timing: 'missing', durationsMs: Array<number>(12).fill(50) },
  'with a timing.json that is cut off': { timing: '[{"frame":0,"dura', durationsMs: Array<number>(12).fill(50) },
};

test.each(Object.entries(VARIANTS))('a tape %s is converted', async (_name, options) => {
  const tape = await buildTape(options);
  const { job, mp4Path } = await convert(tape);
  expect(job.status).toBe('completed');
  const isReadable = (options.width ?? 64) > 1;
  if (isReadable) await expectRightPictures(mp4Path, tape);
  const { streams } = await probe(mp4Path);
  expect(Number(streams[0]!.width) % 2).toBe(0);
  expect(Number(streams[0]!.height) % 2).toBe(0);
});

test('a guessed timing is said to be guessed', async () => {
  const { job } = await convert(await buildTape({ timing: 'missing' }));
  expect(job.plan).toMatchObject({ timing: { source: 'guessed' } });
});

test('two entries that share a file name both show that file', async () => {
  const rows = [0, 1, 1, 2].map((frame, index) => ({ frame: index, filename: `frame-0000${frame}.png`, duration: 50 }));
  const tape = await buildTape({ durationsMs: [50, 50, 50], timing: JSON.stringify(rows) });
  const { mp4Path } = await convert(tape);
  const shown = (await readShownPictures(mp4Path)).map(({ number }) => number);
  expect(shown).toEqual([0, 1, 1, 1, 2, 2]);
});

test('transparency is put on black', async () => {
  const { encodePng } = await import('../../scripts/sample/png.ts');
  const clear = encodePng(64, 48, () => [255, 255, 255, 0]);
  const tape = await buildTape({ change: (files) => files.set('frame-00000.png', clear) });
  const { mp4Path } = await convert(tape);
  expect((await readShownPictures(mp4Path))[0]!.number).toBe(0);
});

test('a frame of another size is letterboxed and moves no other frame', async () => {
  const { paintNumber } = await import('../support/numbered-frames.ts');
  const tape = await buildTape({ change: (files) => files.set('frame-00003.png', paintNumber(3, 128, 96)) });
  const { mp4Path } = await convert(tape);
  await expectRightPictures(mp4Path, tape);
});

test('the soundtrack is padded or cut to the picture, never the picture to the soundtrack', async () => {
  const { encodeWav } = await import('../../scripts/sample/wav.ts');
  for (const seconds of [0.1, 3]) {
    const wav = encodeWav(seconds, (time) => Math.sin(time * 2000));
    const tape = await buildTape({ change: (files) => files.set('soundtrack.wav', wav) });
    const { mp4Path } = await convert(tape);
    const { streams } = await probe(mp4Path);
    for (const stream of streams) expect(Math.abs(Number(stream.duration) - tape.totalMs / 1000)).toBeLessThan(0.05);
  }
});

test('a soundtrack without a sample is no soundtrack', async () => {
  const { encodeWav } = await import('../../scripts/sample/wav.ts');
  const tape = await buildTape({
    change: (files) =>
      files.set(
        'soundtrack.wav',
        encodeWav(0, () => 0),
      ),
  });
  const { job } = await convert(tape);
  expect(job).toMatchObject({ status: 'completed', plan: { soundtrack: false } });
});

test('exact timing keeps every frame within a millisecond of its time', async () => {
  const tape = await buildTape({ durationsMs: [40.4, 20.3, 60, 33.3, 17.8, 10, 10, 100.7] });
  const { job, mp4Path } = await convert(tape, { options: { timing: 'exact' } });
  expect(job.output!.duration).toBeCloseTo(tape.totalMs / 1000, 2);
  const shown = await readShownPictures(mp4Path);
  expect(shown.map(({ number }) => number)).toEqual(tape.intended.map(({ number }) => number));
  for (const [index, { startSec }] of shown.entries()) {
    expect(Math.abs(startSec * 1000 - tape.intended[index]!.startMs)).toBeLessThanOrEqual(1);
  }
});

test.each([
  { asked: { metadata: { scaledSize: [200, 100] } }, resolution: [200, 100], chosenBy: 'scaledSize' },
  { asked: { metadata: { scaledSize: { width: 201, height: 99 } } }, resolution: [202, 100], chosenBy: 'scaledSize' },
  { asked: { metadata: { scale: 2 } }, resolution: [128, 96], chosenBy: 'metadata.scale' },
  { asked: { metadata: { scale: 2 }, options: { scale: 3 } }, resolution: [192, 144], chosenBy: 'options.scale' },
  { asked: { metadata: { scaledSize: 'huge', scale: null } }, resolution: [384, 288], chosenBy: 'default' },
])('asked for $asked it makes $resolution', async ({ asked, resolution, chosenBy }) => {
  const { job, callback } = await convert(await buildTape(), asked);
  expect(callback.event).toMatchObject({ resolution, metadata: asked.metadata });
  expect(job.plan).toMatchObject({ output: { chosenBy } });
});

test('a poster is made unless it is declined', async () => {
  const tape = await buildTape();
  const withPoster = await convert(tape);
  const poster = await fetch(withPoster.job.output!.posterUrl!);
  expect(poster.headers.get('content-type')).toBe('image/jpeg');
  const without = await convert(tape, { options: { poster: false } });
  expect(without.callback.event).not.toHaveProperty('posterUrl');
});

test('a result above maxBytes is encoded again so that it fits', async () => {
  const { encodePng } = await import('../../scripts/sample/png.ts');
  const noise = (files: Map<string, Buffer>): void => {
    for (const name of [...files.keys()].filter((file) => file.endsWith('.png'))) {
      let seed = name.length + Number(/\d+/.exec(name)![0]);
      const next = (): number => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16) & 255;
      files.set(
        name,
        encodePng(160, 120, () => [next(), next(), next(), 255]),
      );
    }
  };
  const tape = await buildTape({ durationsMs: Array<number>(30).fill(66), change: noise });
  const free = await convert(tape);
  const maxBytes = Math.round(free.job.output!.size / 2);
  const bounded = await convert(tape, { options: { maxBytes } });
  expect(bounded.job.output!.size).toBeLessThanOrEqual(maxBytes);
});
