import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  buildConcatList,
  buildTapeArgv,
  buildTimeline,
  findMediaTools,
  maxPixelsFor,
  planEncode,
  runFfmpeg,
  type MediaTools,
} from '@tapedeck/media';
import { paintNumber, readShownPictures } from '../support/numbered-frames.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import { findWrongInstants, type Intended } from '../support/timing-check.ts';

const exec = promisify(execFile);
const size = { width: 64, height: 48 };
const fileName = (number: number): string => `frame-${number}.png`;

let temp: TempDir;
let tools: MediaTools;
beforeAll(async () => {
  temp = await createTempDir('timing');
  tools = await findMediaTools({
    ...{ ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe' },
    ...{ workDir: temp.dir, memoryBytes: 1024 ** 3 },
  });
  for (let number = 0; number < 200; number += 1) {
    await writeFile(join(temp.dir, fileName(number)), paintNumber(number));
  }
});
afterAll(() => temp.remove());

interface Recording {
  intended: Intended[];
  totalMs: number;
}

function record(durationsMs: readonly number[]): Recording {
  let totalMs = 0;
  const intended = durationsMs.map((duration, number) => {
    const startMs = totalMs;
    totalMs += duration;
    return { number, startMs };
  });
  return { intended, totalMs };
}

/** A generator of its own, so that a failure can be repeated from the printed seed. */
function randomDurations(seed: number, count: number): number[] {
  let state = seed;
  const next = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  return Array.from({ length: count }, () => Math.max(10, next() < 0.1 ? next() * 400 : next() * 50));
}

async function encode({ intended, totalMs }: Recording, mode: 'cfr30' | 'exact'): Promise<string> {
  const frames = intended.map(({ number, startMs }) => ({ name: fileName(number), startMs }));
  const timeline = buildTimeline({ frames, totalMs, source: 'timestamps' }, mode);
  await writeFile(
    join(temp.dir, 'list.ffconcat'),
    buildConcatList(timeline, (name) => name),
  );
  const plan = planEncode({ output: size, input: size, preset: 'veryfast', threads: 2, budgetBytes: undefined });
  const args = buildTapeArgv({
    ...{ listName: 'list.ffconcat', soundtrackName: undefined, outputName: 'out.mp4', crf: 18, preset: 'veryfast' },
    ...{ frame: size, output: size, timeline, plan, maxPixels: maxPixelsFor(size) },
  });
  await runFfmpeg(tools, { args, cwd: temp.dir, signal: new AbortController().signal, timeoutMs: 60_000 });
  return join(temp.dir, 'out.mp4');
}

const RECORDINGS: Record<string, readonly number[]> = {
  'at 60 fps': Array<number>(120).fill(1000 / 60),
  'at 30 fps': Array<number>(60).fill(1000 / 30),
  'at 25 fps': Array<number>(50).fill(40),
  'at 12 fps': Array<number>(24).fill(1000 / 12),
  'with long holds': [500, 33, 1200, 16, 16, 700, 20],
  'of one frame': [100],
};

describe.each(Object.entries(RECORDINGS))('a recording %s', (_name, durationsMs) => {
  test('shows the right frame at every instant (cfr30)', async () => {
    const recording = record(durationsMs);
    const shown = await readShownPictures(await encode(recording, 'cfr30'));
    expect(findWrongInstants(shown, recording.intended, recording.totalMs)).toEqual([]);
    expect(shown).toHaveLength(Math.max(1, Math.round((recording.totalMs * 30) / 1000)));
  });

  test('keeps every frame within a millisecond (exact)', async () => {
    const recording = record(durationsMs);
    const shown = await readShownPictures(await encode(recording, 'exact'));
    expect(shown.map(({ number }) => number)).toEqual(recording.intended.map(({ number }) => number));
    const errorsMs = shown.map(({ startSec }, index) => Math.abs(startSec * 1000 - recording.intended[index]!.startMs));
    expect(Math.max(...errorsMs)).toBeLessThanOrEqual(1);
  });
});

test('random recordings show the right frame at every instant', async () => {
  const firstSeed = Date.now() % 1_000_000;
  for (let seed = firstSeed; seed < firstSeed + 4; seed += 1) {
    const recording = record(randomDurations(seed, 90));
    const shown = await readShownPictures(await encode(recording, 'cfr30'));
    const wrong = findWrongInstants(shown, recording.intended, recording.totalMs);
    expect({ seed, wrong }).toEqual({ seed, wrong: [] });
  }
});

test('the naive concat list, as today’s converter writes it, fails this check', async () => {
  const recording = record(RECORDINGS['at 60 fps']!);
  const lines = recording.intended.map(({ number }) => `file '${fileName(number)}'\nduration ${1 / 60}\n`);
  await writeFile(join(temp.dir, 'naive.txt'), lines.join(''));
  const args = [
    '-v',
    'error',
    '-y',
    '-f',
    'concat',
    '-safe',
    '0',
    '-i',
    'naive.txt',
    '-vf',
    'fps=30',
    '-pix_fmt',
    'yuv420p',
    'naive.mp4',
  ];
  await exec('ffmpeg', args, { cwd: temp.dir });
  const shown = await readShownPictures(join(temp.dir, 'naive.mp4'));
  expect(findWrongInstants(shown, recording.intended, recording.totalMs).length).toBeGreaterThan(50);
});
