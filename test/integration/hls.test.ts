import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HlsOutput, JobView } from '@tapedeck/contracts';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { readRendition } from '../support/hls-check.ts';
import { hlsOutput, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let video: Buffer;
beforeAll(async () => {
  stack = await startStack();
  video = await buildSampleVideo({ width: 640, height: 360, durationSec: 12 });
});
afterAll(() => stack.stop());

async function convert(slug: string, changes: object = {}): Promise<{ job: JobView; output: HlsOutput }> {
  const { body } = await stack.post(
    stack.videoRequest(stack.source.serve(`/${slug}.mp4`, video), { slug, ...changes }),
  );
  const job = await stack.finished(body.jobId);
  expect(job).toMatchObject({ status: 'completed' });
  return { job, output: hlsOutput(job) };
}

test('a video becomes a stream of aligned renditions, and its callback says where', async () => {
  const { job, output } = await convert('whole', { id: 42, metadata: { from: 'phone' } });
  const base = `${stack.url}/storage/media/whole`;
  expect(job).toMatchObject({ kind: 'hls', reference: '42', progress: 100 });
  expect(output).toMatchObject({
    hlsUrl: `${base}/master.m3u8`,
    posterUrl: `${base}/poster.jpg`,
    duration: expect.closeTo(12, 1),
    resolution: [640, 360],
    renditions: [{ name: '720p', width: 640, height: 360, playlistUrl: `${base}/720p/playlist.m3u8` }],
  });
  const [callback] = await stack.receiver.waitFor(job.jobId);
  expect(callback).toMatchObject({ verified: true });
  const { storyboardUrl: _none, ...told } = output;
  expect(callback!.event).toEqual({
    id: '42',
    jobId: job.jobId,
    status: 'complete',
    ...told,
    metadata: { from: 'phone' },
  });
});

test('a seek finds a key frame every two seconds, at the same times in every rendition', async () => {
  await convert('seek', {
    ladder: [
      { name: 'big', height: 180 },
      { name: 'small', height: 90 },
    ],
  });
  for (const name of ['big', 'small']) {
    const { video } = await readRendition(join(stack.dataDir, 'storage', 'media', 'seek', name, 'playlist.m3u8'));
    expect(video!.keySecs.map((second) => Number(second.toFixed(2)))).toEqual([0, 2, 4, 6, 8, 10]);
  }
});

test('objects have the headers that players and caches go by', async () => {
  const { output } = await convert('headers', { ladder: [{ name: 'only', height: 180 }] });
  const playlist = await fetch(output.renditions[0]!.playlistUrl);
  const segment = /^[^#].*\.ts$/m.exec(await playlist.text())![0];
  const headersOf = async (url: string) => {
    const { headers } = await fetch(url, { method: 'HEAD' });
    return [headers.get('content-type'), headers.get('cache-control'), headers.get('access-control-allow-origin')];
  };
  const m3u8 = ['application/vnd.apple.mpegurl', 'max-age=3600', '*'];
  expect(await headersOf(output.hlsUrl)).toEqual(m3u8);
  expect(await headersOf(output.renditions[0]!.playlistUrl)).toEqual(m3u8);
  const segmentUrl = new URL(segment, output.renditions[0]!.playlistUrl).href;
  expect(await headersOf(segmentUrl)).toEqual(['video/mp2t', 'max-age=31536000, immutable', '*']);
  expect(await headersOf(output.posterUrl!)).toEqual(['image/jpeg', 'max-age=31536000', '*']);
});

test('mongoId is accepted in the place of id and comes back under both names', async () => {
  const ladder = [{ name: 'only', height: 90 }];
  const { job } = await convert('mongo', { id: undefined, mongoId: '507f1f77bcf86cd799439011', ladder });
  const [callback] = await stack.receiver.waitFor(job.jobId);
  const id = '507f1f77bcf86cd799439011';
  expect(callback!.event).toMatchObject({ id, mongoId: id, status: 'complete' });
});

test('a ladder of the caller’s own is ordered by size, and rungs of one size are one rendition', async () => {
  const ladder = [
    { name: 'tiny', height: 90, crf: 35, bitrateKbps: 200, audioKbps: 64 },
    { name: 'huge', height: 2160 },
    { name: 'also-own-size', height: 360 },
    { name: 'half', height: 180 },
  ];
  const { output } = await convert('ladder', { ladder });
  const sizes = output.renditions.map(({ name, width, height }) => `${name} ${width}x${height}`);
  expect(sizes).toEqual(['huge 640x360', 'half 320x180', 'tiny 160x90']);
  const bandwidths = output.renditions.map(({ bandwidth }) => bandwidth);
  expect(bandwidths).toEqual(bandwidths.toSorted((a, b) => b - a));
});

test('a storyboard is made when it is asked for', async () => {
  const ladder = [{ name: 'only', height: 180 }];
  const { output } = await convert('storyboard', { ladder, options: { storyboard: true } });
  expect(output.storyboardUrl).toBe(`${stack.url}/storage/media/storyboard/storyboard.vtt`);
  const vtt = await (await fetch(output.storyboardUrl!)).text();
  expect(vtt.match(/-->/g)).toHaveLength(12);
  expect(vtt).toContain('00:00:11.000 --> 00:00:12.000\nstoryboard.jpg#xywh=160,90,160,90');
  const sprite = Buffer.from(await (await fetch(new URL('storyboard.jpg', output.storyboardUrl))).arrayBuffer());
  expect(sprite.readUInt16BE(0)).toBe(0xffd8);
});

test('the plan is on the job: source, renditions, settings, memory', async () => {
  const { job } = await convert('plan', { ladder: 'web' });
  expect(job.plan).toMatchObject({
    durationSec: expect.closeTo(12, 1),
    source: { codec: 'h264', decoded: { width: 640, height: 360 }, framesPerSec: 30, colour: 'sdr', sound: true },
    preset: 'fast',
    renditions: [{ name: 'high', crf: 23, bitrateKbps: 5000, audioKbps: 128 }],
    encode: { passes: [['high']], estimatedBytes: expect.any(Number), reducedForMemory: false },
  });
});

test('a worker with too little memory says so before it begins', async () => {
  const small = await startStack({ env: { ENCODE_MEMORY_BYTES: '60000000' } });
  try {
    const { body } = await small.post(small.videoRequest(small.source.serve('/a.mp4', video)));
    const job = await small.finished(body.jobId);
    expect(job).toMatchObject({
      status: 'failed',
      attempt: 1,
      error: { code: 'ENCODE_MEMORY_INSUFFICIENT', phase: 'probe' },
    });
    expect(await readdir(`${small.dataDir}/storage`)).toEqual([]);
  } finally {
    await small.stop();
  }
});
