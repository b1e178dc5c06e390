import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parseConvertRequest } from '@tapedeck/contracts';
import {
  announcePublishing,
  beginAttempt,
  connectRedis,
  loadAnnouncements,
  loadDueCleanups,
  openQueues,
  releaseForRetry,
  scheduleCleanup,
  submitJob,
  waitForRedis,
  type Attempt,
  type Queues,
  type Redis,
} from '@tapedeck/jobs';
import { createLogger } from '@tapedeck/runtime';
import { createSpacesStore, type ObjectStore } from '@tapedeck/transfer';
import { cleanUpSuperseded } from '@tapedeck/upkeep';
import { abortDeadUploads } from '../../apps/worker/src/abort-dead-uploads.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { startRgw, type TestRgw } from '../support/rgw.ts';
import { openSpaces, type TestSpaces } from '../support/spaces.ts';

/** Which incomplete uploads the sweep aborts, and which it leaves alone. */
const BUCKET = 'media';
const RUN = 'a1b2c3d4e5f6';
let rgw: TestRgw;
let spaces: TestSpaces;
let redisServer: TestRedis;
let redis: Redis;
let queues: Queues;
let store: ObjectStore;
beforeAll(async () => {
  [rgw, redisServer] = await Promise.all([startRgw(), startTestRedis()]);
  spaces = openSpaces(rgw);
  await spaces.createBucket(BUCKET);
  redis = connectRedis(redisServer.url, 'patient', () => undefined);
  await waitForRedis(redis, 5_000);
  queues = await openQueues(redis, 5_000);
  store = createStore({});
}, 120_000);
afterAll(async () => {
  await queues.close();
  redis.disconnect();
  spaces.close();
  await Promise.all([redisServer.stop(), rgw.stop()]);
});
beforeEach(async () => {
  await redis.flushall();
  for await (const upload of store.listIncompleteUploads(BUCKET, '', AbortSignal.timeout(10_000))) {
    await store.abortUpload(BUCKET, upload, AbortSignal.timeout(10_000));
  }
});

function createStore(changes: object): ObjectStore {
  return createSpacesStore({
    ...{ endpoint: rgw.endpoint, region: 'us-east-1', forcePathStyle: true, publicBaseUrl: undefined },
    ...{ accessKeyId: rgw.accessKeyId, secretAccessKey: rgw.secretAccessKey, requestsPerSec: 1_000 },
    ...changes,
  });
}

async function begin(slug: string): Promise<Attempt> {
  const urls = { videoUrl: 'https://example.com/a.mov', callbackUrl: 'https://example.com/done' };
  const parsed = parseConvertRequest({ id: slug, bucket: BUCKET, slug, ...urls });
  if (!parsed.ok) throw new Error(parsed.issues[0].message);
  const submission = { caller: 'tests', outputName: slug, idempotencyKey: undefined, maxAttempts: 3 };
  const { jobId } = await submitJob({ redis, queues, journal: undefined }, { request: parsed.request, ...submission });
  return (await beginAttempt(redis, { jobId, run: 1 }))!;
}

const end = (attempt: Attempt) =>
  releaseForRetry(redis, attempt, { code: 'STORAGE_UNAVAILABLE', message: 'away', phase: 'publish' });

const sweep = (swept = store) => {
  const logger = createLogger({ name: 'test', level: 'silent', pretty: false });
  return abortDeadUploads({ redis, store: swept, logger }, AbortSignal.timeout(30_000));
};

test('those of an attempt that is over are aborted, and its announcement is forgotten', async () => {
  const attempt = await begin('clip');
  await announcePublishing(redis, attempt, BUCKET, { slug: 'clip' });
  await spaces.beginUpload(BUCKET, `clip/big/${RUN}-00000.ts`);
  await sweep();
  expect(await spaces.listUploads(BUCKET)).toHaveLength(1);
  await end(attempt);
  await sweep();
  expect(await spaces.listUploads(BUCKET)).toEqual([]);
  expect(await loadAnnouncements(redis)).toEqual({ live: [], over: [] });
});

test('those of a live attempt at the same place are not', async () => {
  const [dead, live] = [await begin('clip'), await begin('clip-2')];
  await announcePublishing(redis, dead, BUCKET, { slug: 'clip' });
  await announcePublishing(redis, live, BUCKET, { keys: [`clip/big/${RUN}-00001.ts`] });
  for (const at of [0, 1]) await spaces.beginUpload(BUCKET, `clip/big/${RUN}-0000${at}.ts`);
  await end(dead);
  await sweep();
  expect(await spaces.listUploads(BUCKET)).toEqual([`clip/big/${RUN}-00001.ts`]);
  await end(live);
  await sweep();
  expect(await spaces.listUploads(BUCKET)).toEqual([]);
});

test('those of others below the slug, or beside the tape, are not', async () => {
  const attempt = await begin('clip');
  await announcePublishing(redis, attempt, BUCKET, { slug: 'clip' });
  await announcePublishing(redis, attempt, BUCKET, { keys: ['wand.mp4'] });
  const theirs = ['clip/original.mov', 'clip/big/original.ts', 'clip-2/master.m3u8', 'wand.mp4.bak', 'wand.mp4/x'];
  for (const key of [...theirs, 'wand.mp4']) await spaces.beginUpload(BUCKET, key);
  await end(attempt);
  await sweep();
  expect((await spaces.listUploads(BUCKET)).toSorted()).toEqual(theirs.toSorted());
});

describe('what cannot be asked', () => {
  test.each([
    { what: 'a store that is away', changes: { endpoint: 'http://127.0.0.1:1', limits: { retryDelaysMs: [] } } },
    { what: 'a worker with a wrong secret', changes: { secretAccessKey: 'wrong' } },
  ])('$what: is asked again', async ({ changes }) => {
    const attempt = await begin('clip');
    await announcePublishing(redis, attempt, BUCKET, { slug: 'clip' });
    await end(attempt);
    await sweep(createStore(changes));
    expect((await loadAnnouncements(redis)).over).toHaveLength(1);
  });

  test('a bucket that is gone: is forgotten', async () => {
    const attempt = await begin('clip');
    await announcePublishing(redis, attempt, 'no-such-bucket', { slug: 'clip' });
    await end(attempt);
    await sweep();
    expect((await loadAnnouncements(redis)).over).toEqual([]);
  });

  test('what nobody could in a day: is forgotten', async () => {
    const attempt = await begin('clip');
    await announcePublishing(redis, attempt, BUCKET, { slug: 'clip' });
    await end(attempt);
    const [member] = await redis.zrange('tapedeck:announcements', '0', '-1');
    await redis.zadd('tapedeck:announcements', Date.now() - 25 * 3_600_000, member!);
    await sweep(createStore({ secretAccessKey: 'wrong' }));
    expect(await redis.exists('tapedeck:announcements')).toBe(0);
  });

  test('an announcement of another version: is left alone, and in nobody’s way', async () => {
    await redis.zadd('tapedeck:announcements', Date.now(), '{"version":2}');
    const attempt = await begin('clip');
    await announcePublishing(redis, attempt, BUCKET, { keys: ['wand.mp4'] });
    await spaces.beginUpload(BUCKET, 'wand.mp4');
    await end(attempt);
    await sweep();
    expect(await spaces.listUploads(BUCKET)).toEqual([]);
    expect(await redis.zcard('tapedeck:announcements')).toBe(1);
  });
});

test('segments of a bucket that is gone are nobody’s to clean up', async () => {
  await scheduleCleanup(redis, { bucket: 'no-such-bucket', slug: 'clip' }, Date.now() - 1);
  const signal = AbortSignal.timeout(30_000);
  await cleanUpSuperseded({ redis, store, keepMs: 1, dryRun: false, onDeed: () => undefined, signal });
  expect(await loadDueCleanups(redis, Number.MAX_SAFE_INTEGER)).toEqual([]);
});
