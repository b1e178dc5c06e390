import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parsePlaylistUris } from '@tapedeck/media';
import { buildSampleTape } from '../../scripts/sample/tape.ts';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { startRgw, type TestRgw } from '../support/rgw.ts';
import { openSpaces, type TestSpaces } from '../support/spaces.ts';
import { hlsOutput, startStack, tapeOutput, type Stack } from '../support/stack.ts';

/** The whole service with the server that Spaces runs as its store. */
let rgw: TestRgw;
let spaces: TestSpaces;
let stack: Stack;
beforeAll(async () => {
  rgw = await startRgw();
  spaces = openSpaces(rgw);
  for (const bucket of ['tapes', 'media']) await spaces.createBucket(bucket);
  stack = await startStack({ env: spaces.env });
}, 120_000);
afterAll(async () => {
  await stack.stop();
  spaces.close();
  await rgw.stop();
});

async function convertVideo(slug: string, content: Buffer, changes: object = {}) {
  const videoUrl = stack.source.serve(`/${crypto.randomUUID()}.mp4`, content);
  const ladder = [
    { name: 'big', height: 180 },
    { name: 'small', height: 90 },
  ];
  const { body } = await stack.post(stack.videoRequest(videoUrl, { slug, ladder, ...changes }));
  return stack.finished(body.jobId);
}

test('a tape that only we may read becomes an MP4 beside it that everybody may see', async () => {
  const { zip } = await buildSampleTape();
  const zipUrl = await spaces.putPrivate('tapes', 'auth0|123/wand.zip', zip);
  expect((await fetch(zipUrl)).status).toBe(403);
  const { body } = await stack.post(stack.tapeRequest(zipUrl, { slug: 'wand' }));
  const { mp4Url, posterUrl, size } = tapeOutput(await stack.finished(body.jobId));
  expect([mp4Url, posterUrl]).toEqual([
    `${rgw.endpoint}/tapes/auth0|123/wand.mp4`,
    `${rgw.endpoint}/tapes/auth0|123/wand-poster.jpg`,
  ]);
  const answer = await fetch(mp4Url, { headers: { range: 'bytes=4-7' } });
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([206, 'video/mp4', 'ftyp']);
  expect(await spaces.read('tapes', 'auth0|123/wand.mp4')).toHaveLength(size);
  expect(await spaces.list('tapes')).toEqual(['auth0|123/wand-poster.jpg', 'auth0|123/wand.mp4', 'auth0|123/wand.zip']);
});

test('a video becomes a stream; run again, the version before still plays', async () => {
  const first = hlsOutput(
    await convertVideo('clip', await buildSampleVideo({ width: 320, height: 180, durationSec: 12 })),
  );
  expect(first.hlsUrl).toBe(`${rgw.endpoint}/media/clip/master.m3u8`);
  const listOf = async (url: string) => parsePlaylistUris(await (await fetch(url)).text());
  expect(await listOf(first.hlsUrl)).toEqual(['big/playlist.m3u8', 'small/playlist.m3u8']);
  const old = await listOf(first.renditions[0]!.playlistUrl);
  expect(old).toHaveLength(2);

  const second = hlsOutput(
    await convertVideo('clip', await buildSampleVideo({ width: 320, height: 180, durationSec: 4 })),
  );
  expect(second.hlsUrl).toBe(first.hlsUrl);
  const now = await listOf(second.renditions[0]!.playlistUrl);
  expect(now).toHaveLength(1);
  for (const uri of [...old, ...now]) {
    const answer = await fetch(new URL(uri, first.renditions[0]!.playlistUrl), { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'video/mp2t']);
  }
});

test('a video that fails leaves what was there, and nothing of its own', async () => {
  await convertVideo('kept', await buildSampleVideo({ width: 320, height: 180, durationSec: 2 }));
  const before = await spaces.list('media');
  const job = await convertVideo('kept', Buffer.alloc(50_000, 'tapedeck!'));
  expect(job).toMatchObject({ status: 'failed', error: { code: 'MEDIA_UNRECOGNIZED' } });
  expect(await spaces.list('media')).toEqual(before);
});

test('a bucket that is not there is said at once', async () => {
  const video = await buildSampleVideo({ width: 320, height: 180, durationSec: 1 });
  const job = await convertVideo('nowhere', video, { bucket: 'no-such-bucket' });
  expect(job).toMatchObject({
    status: 'failed',
    attempt: 1,
    error: { code: 'STORAGE_BUCKET_MISSING', phase: 'publish' },
  });
});
