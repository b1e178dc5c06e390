import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HlsOutput } from '@tapedeck/contracts';
import { hlsOutput, startStack, type Stack } from '../support/stack.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import { AAC, ffmpeg, X264 } from '../support/video/clip.ts';

/** What went wrong in real files, or would have: each of these once cost a job. */
let stack: Stack;
let temp: TempDir;
beforeAll(async () => {
  stack = await startStack();
  temp = await createTempDir('odd');
});
afterAll(async () => {
  await stack.stop();
  await temp.remove();
});

async function make(name: string, ...args: string[]): Promise<Buffer> {
  const path = join(temp.dir, name);
  await ffmpeg([...args, path]);
  return readFile(path);
}
const card = (options: string): string[] => ['-f', 'lavfi', '-i', `testsrc2=${options}`];
const tone = (durationSec: number): string[] => ['-f', 'lavfi', '-i', `sine=duration=${durationSec}`];

/** A rung may be called like anything, a file in the workspace included. */
async function convert(name: string, content: Buffer, height = 90): Promise<HlsOutput> {
  const ladder = [{ name: 'source', height }];
  const { body } = await stack.post(
    stack.videoRequest(stack.source.serve(`/${name}`, content), { slug: name, ladder }),
  );
  return hlsOutput(await stack.finished(body.jobId));
}

const localPath = (url: string): string =>
  join(stack.dataDir, 'storage', new URL(url).pathname.replace('/storage/', ''));

/** The mean colour of the first picture, as RGB. */
async function firstColour({ renditions }: HlsOutput): Promise<number[]> {
  const path = localPath(renditions[0]!.playlistUrl);
  const pixel = await ffmpeg([
    ...['-i', path, '-frames:v', '1', '-vf', 'scale=1:1:flags=area,format=rgb24'],
    ...['-f', 'rawvideo', '-'],
  ]);
  return [...pixel];
}

test('a transport stream that was joined from two is shown whole', async () => {
  const half = await make('half.ts', ...card('s=160x90:d=4'), ...tone(4), ...X264, ...AAC);
  const output = await convert('joined.ts', Buffer.concat([half, half]));
  expect(output.duration).toBeCloseTo(8, 0);
});

test('a transport stream whose clock jumps by an hour is no longer for it', async () => {
  const before = await make('before.ts', ...card('s=160x90:d=3'), ...X264);
  const after = await make('after.ts', ...card('s=160x90:d=3'), ...X264, '-output_ts_offset', '3600');
  const output = await convert('jump.ts', Buffer.concat([before, after]));
  expect(output.duration).toBeCloseTo(6, 0);
});

test('a picture that changes its size in the middle goes on', async () => {
  const small = await make('small.ts', ...card('s=160x90:d=2'), ...X264);
  const large = await make('large.ts', ...card('s=320x180:d=2'), ...X264);
  const output = await convert('resized.ts', Buffer.concat([small, large]));
  expect(output).toMatchObject({ duration: expect.closeTo(4, 0), resolution: [160, 90] });
});

test('a turned picture that becomes smaller in the middle shows nothing but itself', async () => {
  const white = (size: string): string[] => ['-f', 'lavfi', '-i', `color=white:s=${size}:d=2`, ...X264];
  const large = await make('large.h264', ...white('640x360'));
  const small = await make('small.h264', ...white('64x36'));
  const both = join(temp.dir, 'both.h264');
  await writeFile(both, Buffer.concat([large, small]));
  const content = await make('turned.mp4', '-r', '25', '-i', both, '-c', 'copy', '-metadata:s:v', 'rotate=90');
  const output = await convert('turned.mp4', content);
  expect(output).toMatchObject({ resolution: [90, 160], duration: expect.closeTo(4, 0) });
  const pixels = await ffmpeg([
    ...['-i', localPath(output.renditions[0]!.playlistUrl), '-vf', 'format=gray', '-f', 'rawvideo', '-'],
  ]);
  expect(Math.min(...pixels.subarray(-90 * 160))).toBeGreaterThan(230);
});

test('an interlaced picture that changes its size in the middle goes on', async () => {
  const fields = ['-vf', 'setfield=tff', '-c:v', 'mpeg2video', '-flags', '+ildct+ilme', '-top', '1', '-b:v', '2M'];
  const large = await make('i1.ts', ...card('s=352x288:r=25:d=2'), ...fields);
  const small = await make('i2.ts', ...card('s=176x144:r=25:d=2'), ...fields, '-output_ts_offset', '2');
  const output = await convert('fields.ts', Buffer.concat([large, small]));
  expect(output.duration).toBeCloseTo(4, 0);
});

test('sound that changes its channels and its rate in the middle is refused, not published with silence', async () => {
  const part = (hz: number, channels: number, rateHz: number, atSec: number): Promise<Buffer> =>
    make(
      `sound-${hz}.ts`,
      ...[...card('s=160x90:d=3:r=25'), '-f', 'lavfi', '-i', `sine=f=${hz}:d=3:r=48000`, ...X264],
      ...['-c:a', 'ac3', '-ac', String(channels), '-ar', String(rateHz), '-output_ts_offset', String(atSec)],
    );
  const content = Buffer.concat([await part(440, 2, 44_100, 0), await part(880, 6, 48_000, 3)]);
  await expect(convert('broadcast.ts', content)).rejects.toThrow(/did not pass verification: source: track/);
});

test('megabytes of tags are no obstacle', async () => {
  const tags = join(temp.dir, 'tags.txt');
  await writeFile(tags, `;FFMETADATA1\ncomment=${'x'.repeat(9_000_000)}\n`);
  const input = [...card('s=160x90:d=1'), '-f', 'ffmetadata', '-i', tags, '-map_metadata', '1'];
  const output = await convert('tags.mkv', await make('tags.mkv', ...input, ...X264));
  expect(output.duration).toBeCloseTo(1, 1);
});

test('sound that begins late keeps its place, and every segment has some', async () => {
  const late = ['-itsoffset', '13', ...tone(9)];
  const content = await make(
    'late.mkv',
    ...card('s=160x90:d=22:r=10'),
    ...late,
    '-map',
    '0',
    '-map',
    '1',
    ...X264,
    ...AAC,
  );
  const output = await convert('late.mkv', content);
  expect(output.duration).toBeCloseTo(22, 0);
  const sound = await ffmpeg([
    '-i',
    localPath(output.renditions[0]!.playlistUrl),
    '-vn',
    '-ac',
    '1',
    '-ar',
    '1000',
    '-f',
    'f32le',
    '-',
  ]);
  const loudness = (fromSec: number): number => {
    const samples = new Float32Array(sound.buffer, sound.byteOffset + fromSec * 4000, 1000);
    return Math.max(...samples.map(Math.abs));
  };
  expect(loudness(11)).toBeLessThan(0.01);
  expect(loudness(14)).toBeGreaterThan(0.05);
});

test('PAL tags that FFmpeg names in two ways are kept', async () => {
  const tags = 'setparams=colorspace=bt470bg:color_primaries=bt470bg:color_trc=bt470bg';
  const content = await make('pal.mkv', ...card('s=180x144:d=1'), '-vf', tags, ...X264, '-color_trc', 'gamma28');
  await expect(convert('pal.mkv', content)).resolves.toMatchObject({ resolution: [112, 90] });
});

test('transparency in standard definition keeps its colours', async () => {
  const red = ['-f', 'lavfi', '-i', 'color=red@1.0:s=160x90:d=1,format=rgba'];
  const tagged = ['-vf', 'scale=out_color_matrix=smpte170m,format=yuva444p10le', '-colorspace', 'smpte170m'];
  const content = await make('red.mov', ...red, ...tagged, '-c:v', 'prores_ks', '-profile:v', '4444');
  const [r, g, b] = await firstColour(await convert('red.mov', content));
  expect(r).toBeGreaterThan(235);
  expect(Math.max(g!, b!)).toBeLessThan(20);
});

test('a recording whose end is damaged is shown, standing still there', async () => {
  const whole = await make('whole.ts', ...card('s=160x90:d=10'), ...tone(10), ...X264, ...AAC);
  const damaged = Buffer.from(whole);
  // Only what is inside the packets: their headers, and so their times, are right.
  for (let at = Math.floor((whole.length * 0.85) / 188) * 188; at + 188 <= whole.length; at += 188) {
    damaged.fill(0xa5, at + 100, at + 188);
  }
  expect((await convert('damaged.ts', damaged)).duration).toBeCloseTo(10, 0);
});

test('stereo of channels that nobody mixes is heard', async () => {
  const back = ['-f', 'lavfi', '-i', 'sine=d=1', '-af', 'aformat=channel_layouts=stereo', '-c:a', 'pcm_s16le'];
  const wav = await make('back.wav', ...back);
  // WAVE_FORMAT_EXTENSIBLE, so that it can say where its channels are: behind the listener.
  const format = Buffer.alloc(40);
  wav.copy(format, 0, 20, 36);
  format.writeUInt16LE(0xfffe, 0);
  format.writeUInt16LE(22, 16);
  format.writeUInt16LE(16, 18);
  format.writeUInt32LE(0x30, 20);
  Buffer.from('0100000000001000800000aa00389b71', 'hex').copy(format, 24);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(format.length);
  const output = await convert('back.wav', Buffer.concat([wav.subarray(0, 16), size, format, wav.subarray(36)]));
  expect(output).toMatchObject({ resolution: null, duration: expect.closeTo(1, 1) });
});

test('sound of more channels than any layout has is heard', async () => {
  const many = ['-f', 'lavfi', '-i', `aevalsrc=${Array(10).fill('0.3*sin(2000*t)').join('|')}:d=2`];
  const content = await make('many.wav', ...many, '-c:a', 'pcm_s16le');
  const output = await convert('many.wav', content);
  expect(output).toMatchObject({ resolution: null, renditions: [{ name: 'audio', width: null, height: null }] });
});

test('a picture beside the sound that is in no codec of video is no reason to refuse it', async () => {
  const cover = ['-f', 'lavfi', '-i', 'color=blue:s=64x64:d=0.04', '-c:v', 'bmp', '-disposition:v', 'attached_pic'];
  const content = await make(
    'cover.mp3',
    ...tone(2),
    ...cover,
    '-map',
    '0',
    '-map',
    '1',
    '-frames:v',
    '1',
    '-c:a',
    'libmp3lame',
  );
  await expect(convert('cover.mp3', content)).resolves.toMatchObject({ duration: expect.closeTo(2, 0) });
});

test('the bitrate ceiling is held over a segment of noise', async () => {
  const noise = ['-f', 'lavfi', '-i', 'nullsrc=s=320x180:d=12:r=30,geq=random(1)*255:128:128'];
  const content = await make('noise.mp4', ...noise, ...X264);
  const ladder = [{ name: 'only', height: 180, crf: 18, bitrateKbps: 500 }];
  const { body } = await stack.post(
    stack.videoRequest(stack.source.serve('/noise', content), { slug: 'noise', ladder }),
  );
  const output = hlsOutput(await stack.finished(body.jobId));
  const [playlist] = output.renditions.map(({ playlistUrl }) => localPath(playlistUrl));
  const [first] = (await readFile(playlist!, 'utf8')).match(/^.*\.ts$/m)!;
  const { size } = await stat(join(playlist!, '..', first));
  // A tenth for the buffer, and what a transport stream puts around.
  expect((size * 8) / 10).toBeLessThan(500_000 * 1.1 * 1.06);
  expect((size * 8) / 10).toBeGreaterThan(350_000);
});
