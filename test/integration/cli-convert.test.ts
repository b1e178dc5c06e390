import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { once } from 'node:events';
import { buildSampleTape } from '../../scripts/sample/tape.ts';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { poll } from '../support/poll.ts';
import { framesOf, SHOW_CURSOR, startOnTerminal } from '../support/pseudo-terminal.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { COMPILE_CACHE, runSource } from '../support/source-process.ts';
import { hlsOutput, startStack, tapeOutput, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

/** A command with no service around it: no Redis, no store, no token in its environment. */
let inputs: TempDir;
let tapePath: string;
let videoPath: string;
beforeAll(async () => {
  inputs = await createTempDir('recordings');
  [tapePath, videoPath] = [join(inputs.dir, 'wand.2025.zip'), join(inputs.dir, 'clip.mov')];
  const [tape, video] = await Promise.all([buildSampleTape(30), buildSampleVideo({ width: 640, height: 360 })]);
  await Promise.all([writeFile(tapePath, tape.zip), writeFile(videoPath, video)]);
});
afterAll(() => inputs.remove());

let out: TempDir;
let work: TempDir;
beforeEach(async () => {
  [out, work] = await Promise.all([createTempDir('out'), createTempDir('cli-work')]);
});
afterEach(async () => {
  const left = await readdir(work.dir);
  await Promise.all([out.remove(), work.remove()]);
  expect(left).toEqual([]);
});

/** For what is not about the pictures. */
const FAST = ['--scale', '1', '--preset', 'ultrafast'];

const environment = () => ({ PATH: process.env.PATH!, WORK_DIR: work.dir });
const convert = (...args: string[]) => runCli(['convert', ...args], environment());

interface Told {
  ok: boolean;
  kind: string;
  path: string;
  posterPath?: string;
  durationSec: number;
  sizeBytes: number;
  resolution: number[];
  error?: { code: string; message: string };
}

describe('beside a service on the same machine', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.stop());

  test.each([
    { options: {}, flags: [] },
    { options: { timing: 'exact', crf: 30, scale: 2 }, flags: ['--timing', 'exact', '--crf', '30', '--scale', '2'] },
  ])('a tape becomes the same bytes, with $flags', async ({ options, flags }) => {
    const zipUrl = stack.source.serve('/wand.zip', await readFile(tapePath));
    const jobId = await submit(stack, stack.tapeRequest(zipUrl, { options }));
    const output = tapeOutput(await stack.finished(jobId));
    const { stdout, stderr, exitCode, rows } = await convert(
      tapePath,
      '-o',
      join(out.dir, 'it.mp4'),
      '--json',
      ...flags,
    );
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0 });
    const [told] = rows<Told>();
    expect(await readFile(told!.path)).toEqual(await readFile(pathOf(stack, output.mp4Url)));
    expect(await readFile(told!.posterPath!)).toEqual(await readFile(pathOf(stack, output.posterUrl!)));
    expect(told).toMatchObject({
      ...{ ok: true, kind: 'tape', durationSec: output.duration, sizeBytes: output.size },
      ...{ resolution: output.resolution, path: join(out.dir, 'it.mp4'), posterPath: join(out.dir, 'it-poster.jpg') },
    });
  });
});

// With more threads x264 makes other bytes each time, wherever it runs, as soon as a bitrate has a ceiling.
describe('beside a service on the same machine, with one thread for each encoder', () => {
  const ONE_THREAD = { FFMPEG_THREADS: '1' };
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ env: ONE_THREAD });
  });
  afterAll(() => stack.stop());

  test('a video becomes the same bytes, but for the names of its segments', async () => {
    const videoUrl = stack.source.serve('/clip.mov', await readFile(videoPath));
    const ladder = [
      { name: 'large', height: 270 },
      { name: 'small', height: 180 },
    ];
    const request = stack.videoRequest(videoUrl, { ladder, options: { storyboard: true } });
    const output = hlsOutput(await stack.finished(await submit(stack, request)));
    const args = [
      'convert',
      videoPath,
      '-o',
      join(out.dir, 'clip'),
      '--ladder',
      JSON.stringify(ladder),
      '--storyboard',
    ];
    const { exitCode, stderr } = await runCli(args, { ...environment(), ...ONE_THREAD });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const made = await digestStream(join(out.dir, 'clip'));
    expect(made.size).toBeGreaterThan(8);
    expect(made).toEqual(await digestStream(dirname(pathOf(stack, output.hlsUrl))));
  });
});

function lastLine(text: string): string | undefined {
  return text.trimEnd().split('\n').at(-1);
}

/** Has a process asked its epoll (proc(5), fdinfo) for what comes on its stdin? */
async function waitsForStdin(pid: number): Promise<boolean> {
  const dir = `/proc/${pid}/fdinfo`;
  const infos = (await readdir(dir)).map((fd) => readFile(join(dir, fd), 'utf8').catch(() => ''));
  return (await Promise.all(infos)).some((info) => /^tfd:\s+0\s/m.test(info));
}

/** Where a service has what it names by a URL. */
function pathOf(stack: Stack, url: string): string {
  return join(stack.dataDir, decodeURIComponent(new URL(url).pathname));
}

/** What a stream's files hash to, by their names, without what names the run. */
async function digestStream(dir: string): Promise<Map<string, string>> {
  const withoutRun = (value: string): string => value.replaceAll(/[0-9a-f]{12}-(?=\d{5}\.ts)/g, '');
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(
    files.map(
      async (path) =>
        [withoutRun(path.slice(dir.length)), sha256Hex(withoutRun(await readFile(path, 'latin1')))] as const,
    ),
  );
  return new Map(contents.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}

test('through pipes a tape becomes an MP4 alone, and what is told of it is beside', async () => {
  const { stdout, stderr, exitCode } = await pipe(['-', '-o', '-', ...FAST], await readFile(tapePath));
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('stdout  240×160') });
  expect(stdout.subarray(4, 8).toString('latin1')).toBe('ftyp');
  expect((await convert(tapePath, '-o', join(out.dir, 'file.mp4'), ...FAST)).exitCode).toBe(0);
  expect(stdout).toEqual(await readFile(join(out.dir, 'file.mp4')));
});

async function pipe(args: readonly string[], input: Buffer, env = environment()) {
  const child = spawn(process.execPath, runSource('apps/cli/src/main.ts', 'convert', ...args), {
    env: { ...COMPILE_CACHE, ...env },
    timeout: 120_000,
  });
  // It may refuse before it has read all.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const closed = once(child, 'close') as Promise<[number]>;
  const [stdout, stderr, [exitCode]] = await Promise.all([buffer(child.stdout), text(child.stderr), closed]);
  return { stdout, stderr, exitCode };
}

describe('on a terminal', () => {
  const onTerminal = (...args: string[]) =>
    startOnTerminal([process.execPath, ...runSource('apps/cli/src/main.ts', 'convert', ...args)], {
      env: environment(),
    });
  test('one line tells of phase, per cent, speed and time left, and makes room for what was made', async () => {
    const path = join(out.dir, 'it.mp4');
    const terminal = onTerminal(tapePath, '-o', path, '--preset', 'slow', '--scale', '8');
    expect(await terminal.ended).toBe(0);
    const frames = framesOf(terminal.shown());
    const percents = frames.map((frame) => Number(/(\d+) %/.exec(frame)![1]));
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(frames.find((frame) => /^encode +\[[#.]+\] +\d+ % +[\d.]+× +\d+:\d\d left$/.test(frame))).toBeDefined();
    expect(frames.at(-1)).toMatch(/^write /);
    const [, last = ''] = terminal.shown().split(SHOW_CURSOR);
    expect(last).toContain(`${path}  1920×1280, 1.000 s`);
  });

  test('Ctrl-C gives the cursor back, and leaves nothing behind', async () => {
    const terminal = onTerminal(tapePath, '-o', join(out.dir, 'it.mp4'), '--preset', 'veryslow', '--scale', '12');
    await terminal.waitFor(/encode .* %/);
    terminal.type('\x03');
    expect(await terminal.ended).toBe(130);
    expect(terminal.shown()).toContain(`${SHOW_CURSOR}interrupted`);
    expect(await readdir(out.dir)).toEqual([]);
  });
});

describe('what is there already', () => {
  test('is not replaced, and with --force it is', async () => {
    const path = join(out.dir, 'old.mp4');
    await writeFile(path, 'old');
    const refused = await convert(tapePath, '-o', path);
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`expected a name that is free, got "${path}"`),
    });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await convert(tapePath, '-o', path, '--force', '--no-poster', ...FAST)).exitCode).toBe(0);
    expect(await readdir(out.dir)).toEqual(['old.mp4']);
    expect((await readFile(path)).length).toBeGreaterThan(1_000);
  });

  test('nor is what comes there meanwhile', async () => {
    const [mp4, dir] = [join(out.dir, 'late.mp4'), join(out.dir, 'late')];
    const runs = [
      startCli(['convert', tapePath, '-o', mp4], environment()),
      startCli(['convert', videoPath, '-o', dir], environment()),
    ];
    await poll('both to work', async () => ((await readdir(work.dir)).length === 2 ? true : undefined));
    await writeFile(join(out.dir, 'late-poster.jpg'), 'mine');
    await mkdir(dir);
    await writeFile(join(dir, 'thesis.txt'), 'mine');
    for (const { ended } of runs) {
      expect(await ended).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('expected a name that is free'),
      });
    }
    expect((await readdir(out.dir)).toSorted()).toEqual(['late', 'late-poster.jpg']);
    expect(await readdir(dir)).toEqual(['thesis.txt']);
  });

  test('the recording itself is not replaced, --force or not', async () => {
    const path = join(out.dir, 'only.zip');
    await writeFile(path, await readFile(tapePath));
    expect(await convert(path, '-o', path, '--force')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('another file than FILE'),
    });
  });

  test('an empty directory is filled, and stays the one that it was', async () => {
    const before = (await stat(out.dir)).ino;
    const ladder = '[{"name":"240p","height":240}]';
    expect((await convert(videoPath, '-o', out.dir, '--ladder', ladder)).exitCode).toBe(0);
    expect((await stat(out.dir)).ino).toBe(before);
    expect((await readdir(out.dir)).toSorted()).toEqual(['240p', 'master.m3u8', 'poster.jpg']);
  });

  test('a directory of something else is not replaced by a stream, --force or not', async () => {
    const dir = join(out.dir, 'holiday');
    await mkdir(dir);
    await writeFile(join(dir, 'letter.txt'), 'dear');
    for (const flags of [[], ['--force']]) {
      expect(await convert(videoPath, '-o', dir, ...flags)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining(dir),
      });
    }
    expect(await readdir(dir)).toEqual(['letter.txt']);
  });

  test('a stream is replaced as a whole', async () => {
    const dir = join(out.dir, 'clip');
    await mkdir(join(dir, '480p'), { recursive: true });
    await writeFile(join(dir, 'master.m3u8'), 'old');
    await writeFile(join(dir, '480p', '0123456789ab-00000.ts'), 'old');
    const ladder = '[{"name":"240p","height":240}]';
    expect((await convert(videoPath, '-o', dir, '--force', '--ladder', ladder)).exitCode).toBe(0);
    expect((await readdir(dir)).toSorted()).toEqual(['240p', 'master.m3u8', 'poster.jpg']);
    expect(await readdir(out.dir)).toEqual(['clip']);
  });
});

describe('what goes wrong', () => {
  test.each([
    ['a tape cut short', 'cut.zip', 'ARCHIVE_INVALID'],
    ['a tape that is none', 'text.zip', 'ARCHIVE_INVALID'],
    ['a video that is none', 'text.mov', 'MEDIA_UNRECOGNIZED'],
    ['nothing', 'empty.mov', 'SOURCE_EMPTY'],
  ])('with %s, has the code that a job would have', async (_what, name, code) => {
    const whole = await readFile(tapePath);
    const contents: Record<string, Buffer> = { 'cut.zip': whole.subarray(0, 3_000), 'empty.mov': Buffer.alloc(0) };
    await writeFile(join(out.dir, name), contents[name] ?? 'dear diary');
    const { exitCode, rows } = await convert(join(out.dir, name), '-o', join(out.dir, 'made'), '--json');
    expect({ exitCode, told: rows<Told>().at(-1) }).toMatchObject({
      exitCode: 3,
      told: { ok: false, error: { code } },
    });
    expect(existsSync(join(out.dir, 'made'))).toBe(false);
  });

  test.each([
    [['nowhere.zip'], 'FILE: expected a tape or a video, got "nowhere.zip", where there is nothing'],
    [['.'], 'FILE: expected a tape or a video, got ".", which is no file'],
    [['VIDEO', '-o', '-'], '--output: expected a directory, got -: a stream is many files'],
    [['VIDEO', '--crf', '20'], '--crf: expected only with a tape'],
    [['TAPE', '-o', '-', '--json'], '--json: expected none with --output -'],
    [['TAPE', '--timing', 'loose'], '--timing'],
  ])('%j is wrong use, and says what', async (args, message) => {
    const named = args.map((arg) => ({ VIDEO: videoPath, TAPE: tapePath })[arg] ?? arg);
    expect(await convert(...named)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(message) });
  });

  test.each(['a file', 'a pipe'])('%s of more bytes than are accepted is not converted', async (where) => {
    const env = { ...environment(), MAX_SOURCE_BYTES: '1000' };
    const { exitCode, stderr } =
      where === 'a file'
        ? await runCli(['convert', tapePath, '-o', join(out.dir, 'it.mp4')], env)
        : await pipe(['-', '-o', '-'], await readFile(tapePath), env);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: expect.stringContaining('expected at most 1000 bytes'),
    });
  });

  test('a name that would move the cursor is spelled out', async () => {
    const timing = JSON.stringify([{ filename: '\x1b[2Jx.png', duration: 100, timestamp: 0 }]);
    const { zip } = await buildTape({ width: 32, height: 24, durationsMs: [100], timing });
    await writeFile(join(out.dir, 'esc.zip'), zip);
    const { exitCode, stderr } = await convert(join(out.dir, 'esc.zip'), '-o', join(out.dir, 'esc.mp4'));
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('\\u001b[2Jx.png') });
    expect(stderr).not.toContain('\x1b');
  });

  test.each([
    { when: 'before it has said what it is', written: '', isReady: waitsForStdin },
    { when: 'in the middle', written: 'PK\x03\x04', isReady: async () => (await readdir(work.dir)).length > 0 },
  ])('Ctrl-C while a pipe is silent $when is an interruption', async ({ written, isReady }) => {
    const child = spawn(process.execPath, runSource('apps/cli/src/main.ts', 'convert', '-', '-o', '-'), {
      env: { ...COMPILE_CACHE, ...environment() },
      timeout: 60_000,
    });
    child.stdin.write(written);
    await poll('it to wait', async () => ((await isReady(child.pid!)) ? true : undefined));
    child.kill('SIGINT');
    const [stderr, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number]>]);
    expect({ exitCode, last: lastLine(stderr) }).toEqual({ exitCode: 130, last: 'interrupted' });
  });

  test('that nobody reads any more ends it as a broken pipe, and leaves nothing behind', async () => {
    const args = ['convert', tapePath, '-o', join(out.dir, 'it.mp4'), ...FAST];
    const child = spawn(process.execPath, runSource('apps/cli/src/main.ts', ...args), {
      env: { ...COMPILE_CACHE, ...environment() },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 60_000,
    });
    child.stderr.destroy();
    expect(await once(child, 'exit')).toEqual([141, null]);
    expect(await readdir(out.dir)).toEqual([]);
  });

  test('without FFmpeg it is said in one sentence', async () => {
    const env = { ...environment(), FFMPEG_PATH: 'no-ffmpeg-here' };
    const { exitCode, stderr } = await runCli(['convert', tapePath, '-o', join(out.dir, 'it.mp4')], env);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 4,
      stderr: 'FFMPEG_PATH: expected a program that answers -version, got "no-ffmpeg-here"\n',
    });
  });

  test.each(['where it works', 'where the result goes'])(
    'on a disk that is full %s it is said in one sentence',
    async (where) => {
      const disk = await mountSmallDisk(4 * 1024 * 1024);
      try {
        await disk.fillUpTo(64 * 1024);
        const isWork = where === 'where it works';
        const env = isWork ? { ...environment(), WORK_DIR: disk.dir } : environment();
        const target = join(isWork ? out.dir : disk.dir, 'it.mp4');
        const before = await readdir(disk.dir);
        const { exitCode, stderr } = await runCli(['convert', tapePath, '-o', target], env);
        expect({ exitCode, last: lastLine(stderr) }).toEqual({
          exitCode: 4,
          last: expect.stringContaining('The disk is full'),
        });
        expect(await readdir(disk.dir)).toEqual(before);
      } finally {
        await disk.remove();
      }
    },
  );

  test.each(['SIGINT', 'SIGTERM'] as const)('%s in the middle of an encode leaves nothing behind', async (signal) => {
    const flags = ['--preset', 'veryslow', '--scale', '12', '--crf', '10'];
    const { child, ended } = startCli(['convert', tapePath, '-o', join(out.dir, 'it.mp4'), ...flags], environment());
    await poll('the encode to write', async () => {
      const [scratch] = await readdir(work.dir);
      return scratch && existsSync(join(work.dir, scratch, 'out.mp4')) ? true : undefined;
    });
    child.kill(signal);
    const { exitCode, stderr } = await ended;
    expect({ exitCode, last: lastLine(stderr) }).toEqual({
      exitCode: signal === 'SIGINT' ? 130 : 143,
      last: 'interrupted',
    });
    expect(await readdir(out.dir)).toEqual([]);
  });
});
