import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { hlsOutput, startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let good: Buffer;
let scratch: string;
beforeAll(async () => {
  stack = await startStack({
    env: { MAX_SOURCE_BYTES: '3000000', MAX_FRAME_PIXELS: '1000000', MAX_DURATION_SEC: '30' },
  });
  good = await buildSampleVideo({ width: 320, height: 180, durationSec: 8 });
  scratch = await mkdtemp(join(tmpdir(), 'tapedeck-bad-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
  await stack.stop();
});

/** A file as real FFmpeg writes it. */
async function make(name: string, ...args: string[]): Promise<Buffer> {
  const path = join(scratch, name);
  const { status, stderr } = spawnSync('ffmpeg', ['-v', 'error', '-y', ...args, path]);
  if (status !== 0) throw new Error(stderr.toString());
  return readFile(path);
}
const card = (options: string): string[] => ['-f', 'lavfi', '-i', `testsrc2=${options}`];

/** Canaries: what a playlist would make FFmpeg fetch. */
const playlist = (): string =>
  `#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n${stack.source.url}/canary.ts\n#EXT-X-ENDLIST\n`;

/** Everything behind the first key frame's header is noise. */
function breakPictures(video: Buffer): Buffer {
  const broken = Buffer.from(video);
  const data = broken.indexOf('mdat') + 4;
  for (let at = data; at < broken.length; at += 1) broken[at] = (at * 2654435761) & 0xff;
  return broken;
}

const BAD_VIDEOS: Record<string, { code: string; source: () => Buffer | Promise<Buffer>; says?: string }> = {
  'is a web page': { code: 'MEDIA_UNRECOGNIZED', source: () => Buffer.from('<!doctype html><h1>Not found</h1>') },
  'is noise': { code: 'MEDIA_UNRECOGNIZED', source: () => Buffer.alloc(50_000, 'tapedeck!') },
  'is a picture': { code: 'MEDIA_UNRECOGNIZED', source: () => make('still.png', ...card('s=64x64'), '-frames:v', '1') },
  'has no bytes': { code: 'SOURCE_EMPTY', source: () => Buffer.alloc(0) },
  'lost its end, where the index is': {
    code: 'MEDIA_TRUNCATED',
    source: async () => (await make('tail.mp4', ...card('s=320x180:d=4'), '-c:v', 'libx264')).subarray(0, 20_000),
  },
  'lost its end, behind the index': {
    code: 'MEDIA_TRUNCATED',
    source: () => good.subarray(0, Math.floor(good.length * 0.6)),
    says: 'expected 8.0 s',
  },
  'lost its end, as Matroska': {
    code: 'MEDIA_TRUNCATED',
    source: async () => {
      const whole = await make('cut.mkv', ...card('s=320x180:d=6'), '-c:v', 'libx264');
      return whole.subarray(0, Math.floor(whole.length / 2));
    },
  },
  'is an HLS playlist': { code: 'MEDIA_PLAYLIST_REFUSED', source: () => Buffer.from(playlist()) },
  'is a DASH manifest': {
    code: 'MEDIA_PLAYLIST_REFUSED',
    source: () => Buffer.from('<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>'),
  },
  'is a concat script': {
    code: 'MEDIA_PLAYLIST_REFUSED',
    source: () => Buffer.from("ffconcat version 1.0\nfile '/etc/hostname'\n"),
  },
  'is a playlist behind a comment': { code: 'MEDIA_UNRECOGNIZED', source: () => Buffer.from(`;\n${playlist()}`) },
  'is in a rare codec': {
    code: 'MEDIA_CODEC_REFUSED',
    source: () => make('rare.mkv', ...card('s=64x64:d=1'), '-c:v', 'magicyuv'),
    says: 'magicyuv',
  },
  'is in another codec that nobody needs': {
    code: 'MEDIA_CODEC_REFUSED',
    source: () => make('rare2.mkv', ...card('s=64x64:d=1'), '-c:v', 'ffv1'),
    says: 'ffv1',
  },
  'has no picture that can be decoded': { code: 'MEDIA_UNDECODABLE', source: () => breakPictures(good) },
  'has only subtitles': {
    code: 'MEDIA_UNRECOGNIZED',
    source: async () => {
      const path = join(scratch, 'text.srt');
      const { writeFile } = await import('node:fs/promises');
      await writeFile(path, '1\n00:00:00,000 --> 00:00:02,000\nhello\n');
      return make('text.mkv', '-i', path);
    },
    says: 'neither picture nor sound',
  },
  'has pictures of too many pixels': {
    code: 'MEDIA_FRAME_TOO_LARGE',
    source: () => make('large.mp4', ...card('s=1280x1024:d=0.2'), '-c:v', 'libx264', '-preset', 'ultrafast'),
    says: '1000000 pixels',
  },
  'is longer than accepted': {
    code: 'MEDIA_TOO_LONG',
    source: () => make('long.mp4', ...card('s=64x36:d=31:r=5'), '-c:v', 'libx264', '-preset', 'ultrafast'),
    says: 'at most 30 s, got 31 s',
  },
  'is larger than accepted': { code: 'SOURCE_TOO_LARGE', source: () => Buffer.alloc(3_000_001) },
};

test.each(Object.entries(BAD_VIDEOS))(
  'a video that %s fails with its code, and what was there stays',
  async (name, { code, source, says }) => {
    const slug = name.replaceAll(/\W+/g, '-');
    const ladder = [{ name: 'only', height: 90 }];
    const before = await stack.post(stack.videoRequest(stack.source.serve('/good.mp4', good), { slug, ladder }));
    const { hlsUrl, renditions } = hlsOutput(await stack.finished(before.body.jobId));
    const readAll = async () =>
      Promise.all([hlsUrl, renditions[0]!.playlistUrl].map(async (url) => (await fetch(url)).text()));
    const was = await readAll();
    const filesBefore = await readdir(`${stack.dataDir}/storage/media/${slug}`, { recursive: true });

    const videoUrl = stack.source.serve(`/${name}.mp4`, await source());
    const { body } = await stack.post(stack.videoRequest(videoUrl, { slug, ladder, id: name }));
    const job = await stack.finished(body.jobId);
    expect(job).toMatchObject({ status: 'failed', output: null, error: { code } });
    if (says) expect(job.error!.message).toContain(says);
    const [callback] = await stack.receiver.waitFor(body.jobId);
    expect(callback).toMatchObject({
      verified: true,
      event: { id: name, status: 'error', code, error: job.error!.message },
    });
    expect(callback!.body).not.toContain(stack.workDir);

    expect(await readAll()).toEqual(was);
    const filesAfter = await readdir(`${stack.dataDir}/storage/media/${slug}`, { recursive: true });
    expect(filesAfter.toSorted()).toEqual(filesBefore.toSorted());
    const [root] = await readdir(stack.workDir);
    expect(await readdir(`${stack.workDir}/${root}`)).toEqual(['alive']);
    expect(stack.source.requests).not.toContain('GET /canary.ts');
  },
);
