import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectRedis, scheduleCleanup } from '@tapedeck/jobs';
import { createLogger } from '@tapedeck/runtime';
import {
  createGuardedAgent,
  createLocalStore,
  createSpacesStore,
  parsePlaylistUris,
  type ObjectStore,
} from '@tapedeck/transfer';
import type { AttemptContext } from '../../apps/worker/src/attempt-context.ts';
import { downloadSource } from '../../apps/worker/src/stages/download.ts';
import { cleanUpSuperseded } from '@tapedeck/upkeep';
import { buildSampleTape } from '../../scripts/sample/tape.ts';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { poll } from '../support/poll.ts';
import { startTestRedis } from '../support/redis-server.ts';
import { startRgw, type TestRgw } from '../support/rgw.ts';
import { openSpaces, type TestSpaces } from '../support/spaces.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { hlsOutput, startStack, tapeOutput, TOKEN, type Stack } from '../support/stack.ts';

/** The whole service on each of its stores: the same tests on a directory and on the server that Spaces runs. */
interface World {
  stack: Stack;
  store: ObjectStore;
  /** Objects are at `{baseUrl}/{bucket}/{key}`. */
  baseUrl: string;
  /** @returns its URL, which only the service may fetch, where a store has such a thing */
  putSource(bucket: string, key: string, content: Buffer): Promise<string>;
  list(bucket: string): Promise<string[]>;
  read(bucket: string, key: string): Promise<Buffer>;
}

let rgw: TestRgw;
let spaces: TestSpaces;
let stack: Stack;
let localStack: Stack;
const worlds = new Map<string, World>();
beforeAll(async () => {
  rgw = await startRgw();
  spaces = openSpaces(rgw);
  for (const bucket of ['tapes', 'media']) await spaces.createBucket(bucket);
  [stack, localStack] = await Promise.all([startStack({ env: spaces.env }), startStack()]);
  worlds.set('spaces', {
    ...{ stack, store: createSpacesStore(storeOptions()), baseUrl: rgw.endpoint },
    ...{ putSource: spaces.putPrivate, list: spaces.list, read: spaces.read },
  });
  worlds.set('local', openLocal(localStack));
}, 120_000);
afterAll(async () => {
  await Promise.all([stack.stop(), localStack.stop()]);
  spaces.close();
  await rgw.stop();
});

function openLocal(on: Stack): World {
  const pathOf = (bucket: string, ...names: string[]): string => join(on.dataDir, 'storage', bucket, ...names);
  return {
    stack: on,
    store: createLocalStore({ dataDir: on.dataDir, publicUrl: on.url }),
    baseUrl: `${on.url}/storage`,
    async putSource(bucket, key, content) {
      await mkdir(dirname(pathOf(bucket, key)), { recursive: true });
      await writeFile(pathOf(bucket, key), content);
      return `${on.url}/storage/${bucket}/${key}`;
    },
    async list(bucket) {
      const entries = await readdir(pathOf(bucket), { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      return files.map((file) => relative(pathOf(bucket), join(file.parentPath, file.name))).toSorted();
    },
    read: (bucket, key) => readFile(pathOf(bucket, key)),
  };
}

async function convertVideo(on: Stack, slug: string, content: Buffer, changes: object = {}) {
  const videoUrl = on.source.serve(`/${crypto.randomUUID()}.mp4`, content);
  const ladder = [
    { name: 'big', height: 180 },
    { name: 'small', height: 90 },
  ];
  const { body } = await on.post(on.videoRequest(videoUrl, { slug, ladder, ...changes }));
  return on.finished(body.jobId);
}

const storeOptions = () => ({
  ...{ endpoint: rgw.endpoint, region: 'us-east-1', forcePathStyle: true, publicBaseUrl: undefined },
  ...{ accessKeyId: rgw.accessKeyId, secretAccessKey: rgw.secretAccessKey, requestsPerSec: 50 },
});

/** As a worker does it a day later. */
async function cleanUp(store: ObjectStore, slug: string): Promise<void> {
  const redis = await startTestRedis();
  const connection = connectRedis(redis.url, 'patient', () => undefined);
  try {
    await scheduleCleanup(connection, { bucket: 'media', slug }, Date.now() - 1);
    const signal = AbortSignal.timeout(30_000);
    await cleanUpSuperseded({ redis: connection, store, keepMs: 1, dryRun: false, onDeed: () => undefined, signal });
  } finally {
    connection.disconnect();
    await redis.stop();
  }
}

describe.each(['local', 'spaces'])('on the %s store', (name) => {
  const world = (): World => worlds.get(name)!;

  test('a tape becomes an MP4 beside it that everybody may see', async () => {
    const { stack: on, baseUrl } = world();
    const { zip } = await buildSampleTape(6);
    const zipUrl = await world().putSource('tapes', 'auth0|123/wand.zip', zip);
    expect((await fetch(zipUrl)).status).toBe(name === 'spaces' ? 403 : 200);
    const { body } = await on.post(on.tapeRequest(zipUrl, { slug: 'wand', options: { scale: 1 } }));
    const { mp4Url, posterUrl, size } = tapeOutput(await on.finished(body.jobId));
    const urls = ['wand.mp4', 'wand-poster.jpg'].map((file) => `${baseUrl}/tapes/auth0|123/${file}`);
    expect([mp4Url, posterUrl]).toEqual(urls);
    const answer = await fetch(mp4Url, { headers: { range: 'bytes=4-7' } });
    const said = [answer.status, answer.headers.get('content-type'), await answer.text()];
    expect(said).toEqual([206, 'video/mp4', 'ftyp']);
    expect(await world().read('tapes', 'auth0|123/wand.mp4')).toHaveLength(size);
    expect(await world().list('tapes')).toEqual(
      ['wand-poster.jpg', 'wand.mp4', 'wand.zip'].map((file) => `auth0|123/${file}`),
    );
  });

  test('a video becomes a stream; run again, the version before still plays, and is cleaned up later', async () => {
    const { stack: on, baseUrl, store } = world();
    const convert = async (durationSec: number) =>
      hlsOutput(await convertVideo(on, 'clip', await buildSampleVideo({ width: 320, height: 180, durationSec })));
    const listOf = async (url: string) => parsePlaylistUris(await (await fetch(url)).text());
    const first = await convert(12);
    expect(first.hlsUrl).toBe(`${baseUrl}/media/clip/master.m3u8`);
    expect(await listOf(first.hlsUrl)).toEqual(['big/playlist.m3u8', 'small/playlist.m3u8']);
    const { playlistUrl } = first.renditions[0]!;
    const old = await listOf(playlistUrl);
    expect(old).toHaveLength(2);

    expect((await convert(4)).hlsUrl).toBe(first.hlsUrl);
    const now = await listOf(playlistUrl);
    expect(now).toHaveLength(1);
    for (const uri of [...old, ...now]) {
      const answer = await fetch(new URL(uri, playlistUrl), { method: 'HEAD' });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'video/mp2t']);
    }

    await cleanUp(store, 'clip');
    const left = (await world().list('media')).filter((key) => key.startsWith('clip/big/') && key.endsWith('.ts'));
    expect(left).toEqual(now.map((uri) => `clip/big/${uri}`));
  });

  test('a video that cannot be converted leaves what was there, and nothing of its own', async () => {
    const { stack: on } = world();
    await convertVideo(on, 'kept', await buildSampleVideo({ width: 320, height: 180, durationSec: 2 }));
    const before = await world().list('media');
    const job = await convertVideo(on, 'kept', Buffer.alloc(50_000, 'tapedeck!'));
    expect(job).toMatchObject({ status: 'failed', error: { code: 'MEDIA_UNRECOGNIZED' } });
    expect(await world().list('media')).toEqual(before);
  });

  test('a job’s files are deleted with it', async () => {
    const { stack: on } = world();
    const video = await buildSampleVideo({ width: 320, height: 180, durationSec: 1 });
    const { jobId, output } = await convertVideo(on, 'gone', video);
    const headers = { authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`${on.url}/api/jobs/${jobId}?delete_files=true`, { method: 'DELETE', headers });
    expect(await answer.json()).toEqual({ success: true, deleted_files: 6, space_freed: output!.size });
    expect((await world().list('media')).filter((key) => key.startsWith('gone/'))).toEqual([]);
  });
});

test('a bucket that is not there is said at once', async () => {
  const video = await buildSampleVideo({ width: 320, height: 180, durationSec: 1 });
  const job = await convertVideo(stack, 'nowhere', video, { bucket: 'no-such-bucket' });
  expect(job).toMatchObject({
    status: 'failed',
    attempt: 1,
    error: { code: 'STORAGE_BUCKET_MISSING', phase: 'publish' },
  });
});

describe('a tape whose caller says where to put it', () => {
  let caller: TestSpaces;
  beforeAll(async () => {
    caller = openSpaces({ endpoint: rgw.endpoint, ...(await rgw.addUser('caller')) });
    await caller.createBucket('theirs');
  });
  afterAll(() => caller.close());

  async function convertTo(upload: object, mongoId: string) {
    const zipUrl = stack.source.serve(`/${crypto.randomUUID()}.zip`, (await buildSampleTape(6)).zip);
    const { status, body } = await stack.post(stack.tapeRequest(zipUrl, { mongoId, upload, options: { scale: 1 } }));
    expect(status).toBe(202);
    return stack.finished(body.jobId);
  }

  test('lies there, and our keys were not needed', async () => {
    const putUrl = await caller.presignPut('theirs', 'a|b/wand.mp4');
    const posterPutUrl = await caller.presignPut('theirs', 'a|b/wand.jpg');
    const job = await convertTo({ putUrl, posterPutUrl }, 'wand-to-them');
    const { mp4Url, posterUrl, size } = tapeOutput(job);
    expect([mp4Url, posterUrl]).toEqual([putUrl.split('?')[0], posterPutUrl.split('?')[0]]);
    const answer = await fetch(mp4Url);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'video/mp4']);
    expect((await answer.arrayBuffer()).byteLength).toBe(size);
    expect((await fetch(posterUrl!)).headers.get('content-type')).toBe('image/jpeg');
    expect(await caller.list('theirs')).toEqual(['a|b/wand.jpg', 'a|b/wand.mp4']);

    const [callback] = await stack.receiver.waitFor(job.jobId);
    expect(callback!.event).toMatchObject({ status: 'complete', mp4Url });
    for (const text of [callback!.body, JSON.stringify(job), stack.worker!.log(), stack.api.log()]) {
      expect(text).not.toContain('X-Amz-Signature');
    }
  });

  test.each(['video/mp4', ''])('lies there by an old signature, too, which covers the type %j', async (contentType) => {
    const putUrl = caller.presignPutV2('theirs', 'old.mp4', contentType);
    const { mp4Url, size } = tapeOutput(await convertTo({ putUrl }, `old-${contentType}`));
    expect(mp4Url).toBe(`${rgw.endpoint}/theirs/old.mp4`);
    expect(await caller.read('theirs', 'old.mp4')).toHaveLength(size);
  });

  test('is public where the SDK has put the ACL into the query', async () => {
    const putUrl = await caller.presignPut('theirs', 'query.mp4', { aclInQuery: true });
    const { mp4Url } = tapeOutput(await convertTo({ putUrl }, 'query'));
    expect((await fetch(mp4Url)).status).toBe(200);
  });

  test('is read from their bucket by their signature, or as anybody may', async () => {
    const { zip } = await buildSampleTape(6);
    await caller.putPrivate('theirs', 'signed.zip', zip);
    const signed = await caller.presignGet('theirs', 'signed.zip');
    const shown = await caller.putPublic('theirs', 'shown.zip', zip);
    for (const [mongoId, zipUrl] of Object.entries({ signed, shown })) {
      const upload = { putUrl: await caller.presignPut('theirs', `${mongoId}.mp4`) };
      const request = stack.tapeRequest(zipUrl, { mongoId, upload, bucket: 'theirs', options: { scale: 1 } });
      tapeOutput(await stack.finished((await stack.post(request)).body.jobId));
    }
    expect(stack.worker!.log()).not.toContain('asked for as anybody would');
  });

  test('is read as anybody may where our key is refused', async () => {
    const zipUrl = await caller.putPublic('theirs', 'open.zip', Buffer.from('open'));
    const temp = await createTempDir('open');
    const policy = { allowPrivateNetwork: true, allowedPorts: [] };
    const agent = createGuardedAgent(policy);
    const context = {
      ...{ agent, policy, config: { MAX_SOURCE_BYTES: 100 }, signal: AbortSignal.timeout(60_000) },
      store: createSpacesStore({ ...storeOptions(), secretAccessKey: 'wrong' }),
      addresses: { spacesEndpoint: rgw.endpoint, publicUrl: stack.url },
      request: { bucket: 'theirs' },
      progress: { enter: async () => undefined, advance: () => undefined, note: () => undefined },
      workspace: { path: (name: string) => join(temp.dir, name) },
      logger: createLogger({ name: 'test', level: 'silent', pretty: false }),
    };
    const fileName = await downloadSource(context as unknown as AttemptContext, zipUrl);
    expect(await readFile(join(temp.dir, fileName), 'utf8')).toBe('open');
    await agent.destroy();
    await temp.remove();
  });

  test('has no poster where none can be put, and fails at once where nothing can', async () => {
    const putUrl = await caller.presignPut('theirs', 'alone.mp4');
    expect(tapeOutput(await convertTo({ putUrl }, 'alone')).posterUrl).toBeUndefined();
    const expired = await caller.presignPut('theirs', 'late.mp4', { expiresInSec: 1 });
    const expiresAtMs = Date.now() + 2_000;
    await poll('the URL to expire', () => (Date.now() > expiresAtMs ? true : undefined));
    expect(await convertTo({ putUrl: expired }, 'late')).toMatchObject({
      status: 'failed',
      attempt: 1,
      error: { code: 'UPLOAD_REFUSED', phase: 'publish', message: expect.stringContaining('403, AccessDenied') },
    });
    expect(await caller.list('theirs')).not.toContain('late.mp4');
  });
});
