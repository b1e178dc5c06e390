import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSpacesStore, hashFile, type ObjectStore } from '@tapedeck/transfer';
import { startRgw, type TestRgw } from '../support/rgw.ts';
import { startS3Proxy, type Fault, type S3Proxy } from '../support/s3-proxy.ts';
import { openSpaces, type TestSpaces } from '../support/spaces.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

/** A network that fails, and after each failure the bucket, seen past it: exactly what should be there. */
const BUCKET = 'faults';
const KEY = 'clip/big.mp4';
const LARGE_BYTES = 20 * 1024 * 1024;
let temp: TempDir;
let rgw: TestRgw;
let proxy: S3Proxy;
let spaces: TestSpaces;
let store: ObjectStore;
beforeAll(async () => {
  temp = await createTempDir('faults');
  rgw = await startRgw();
  proxy = await startS3Proxy(rgw.endpoint);
  spaces = openSpaces(rgw, proxy.endpoint);
  await spaces.createBucket(BUCKET);
  // A new gateway makes its pools at the first upload, which takes seconds.
  await spaces.warmUp(BUCKET);
  store = createSpacesStore({
    ...{ endpoint: proxy.endpoint, region: 'us-east-1', forcePathStyle: true, publicBaseUrl: undefined },
    ...{ accessKeyId: rgw.accessKeyId, secretAccessKey: rgw.secretAccessKey },
    limits: { socketTimeoutMs: 1_500, requestTimeoutMs: 3_000, maxTries: 4 },
  });
}, 120_000);
afterAll(async () => {
  spaces.close();
  await proxy.stop();
  await rgw.stop();
  await temp.remove();
});
afterEach(async () => {
  proxy.failAt(() => undefined);
  expect(await spaces.listUploads(BUCKET)).toEqual([]);
  await store.remove(BUCKET, KEY, AbortSignal.timeout(10_000));
});

async function put(sizeBytes: number, signal = AbortSignal.timeout(60_000)) {
  const path = join(temp.dir, 'file');
  const content = randomBytes(sizeBytes);
  await writeFile(path, content);
  const publication = { bucket: BUCKET, key: KEY, path, sizeBytes, sha256Hex: await hashFile(path) };
  await store.put({ ...publication, assertMayPublish: () => Promise.resolve() }, signal);
  expect((await spaces.read(BUCKET, KEY)).equals(content)).toBe(true);
}

const isPart = (line: string): boolean => line.startsWith('PUT') && line.includes('partNumber=2');
const isComplete = (line: string): boolean => line.startsWith('POST') && !line.includes('uploads');
const isWhole = (line: string): boolean => line.startsWith('PUT') && !line.includes('partNumber');

describe('is put all the same', () => {
  const once = (matches: (line: string) => boolean, fault: Fault) => (line: string, count: number) =>
    matches(line) && count === 1 ? fault : undefined;

  test.each<{ what: string; sizeBytes: number; at: (line: string) => boolean; fault: Fault }>([
    { what: 'a store that is busy for a moment', sizeBytes: LARGE_BYTES, at: isPart, fault: { answer: 503 } },
    { what: 'a small object to a busy store', sizeBytes: 1_000, at: isWhole, fault: { answer: 503 } },
    { what: 'a connection that breaks in a part', sizeBytes: LARGE_BYTES, at: isPart, fault: 'reset' },
    { what: 'a part whose answer is lost', sizeBytes: LARGE_BYTES, at: isPart, fault: 'lose' },
    { what: 'a part that hangs', sizeBytes: LARGE_BYTES, at: isPart, fault: 'hang' },
    { what: 'a small object whose answer is lost', sizeBytes: 1_000, at: isWhole, fault: 'lose' },
    { what: 'a last request whose answer is lost', sizeBytes: LARGE_BYTES, at: isComplete, fault: 'lose' },
    { what: 'a last request that hangs', sizeBytes: LARGE_BYTES, at: isComplete, fault: 'hang' },
  ])('$what', async ({ sizeBytes, at, fault }) => {
    proxy.failAt(once(at, fault));
    await put(sizeBytes);
    expect(proxy.requests.filter(at).length).toBeGreaterThanOrEqual(2);
    expect(await spaces.list(BUCKET)).toEqual([KEY]);
  });

  test('but not before a busy store said that it may be asked again', async () => {
    proxy.failAt(once(isWhole, { answer: 503, headers: { 'retry-after': '2' } }));
    const startedAt = performance.now();
    await put(1_000);
    expect(performance.now() - startedAt).toBeGreaterThan(1_900);
  });
});

describe('is given up', () => {
  test.each([
    { what: 'a store that stays busy', fault: { answer: 503 } },
    { what: 'a connection that always breaks', fault: 'reset' },
  ] as const)('$what, and nothing is left of it', async ({ fault }) => {
    proxy.failAt((line) => (isPart(line) ? fault : undefined));
    await expect(put(LARGE_BYTES)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryable: true });
    expect(await spaces.list(BUCKET)).toEqual([]);
  });

  test('when the worker stops in the middle of a part', async () => {
    const stopping = new AbortController();
    proxy.failAt((line) => {
      if (!isPart(line)) return undefined;
      stopping.abort(new Error('stopping'));
      return 'hang';
    });
    await expect(put(LARGE_BYTES, stopping.signal)).rejects.toThrow('stopping');
    expect(await spaces.list(BUCKET)).toEqual([]);
  });
});
