import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSpacesStore, hashFile, type ObjectStore, parsePlaylistUris } from '@tapedeck/transfer';
import type { JobView } from '@tapedeck/contracts';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { poll } from '../support/poll.ts';
import { endProcess } from '../support/redis-server.ts';
import { startRgw, type TestRgw } from '../support/rgw.ts';
import { startS3Proxy, type Fault, type S3Proxy } from '../support/s3-proxy.ts';
import { openSpaces, type TestSpaces } from '../support/spaces.ts';
import { hlsOutput, startStack, tapeOutput, TOKEN, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { ffmpeg, X264 } from '../support/video/clip.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

/** A network that fails, and after each failure the bucket, seen past the network: exactly what should be there. */
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
    ...{
      endpoint: proxy.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      publicBaseUrl: undefined,
      requestsPerSec: 1_000,
    },
    ...{ accessKeyId: rgw.accessKeyId, secretAccessKey: rgw.secretAccessKey },
    limits: { socketTimeoutMs: 1_500, requestTimeoutMs: 3_000, retryDelaysMs: [100, 300, 600], deadlineMs: 4_000 },
  });
}, 120_000);
afterAll(async () => {
  spaces.close();
  await proxy.stop();
  await rgw.stop();
  await temp.remove();
});
async function put(sizeBytes: number, signal = AbortSignal.timeout(60_000)) {
  const path = join(temp.dir, 'file');
  const content = randomBytes(sizeBytes);
  await writeFile(path, content);
  const publication = { bucket: BUCKET, key: KEY, path, sizeBytes, sha256Hex: await hashFile(path) };
  await store.put({ ...publication, assertMayPublish: () => Promise.resolve() }, signal);
  expect((await spaces.read(BUCKET, KEY)).equals(content)).toBe(true);
}

const isSecondPart = (line: string): boolean => line.startsWith('PUT') && line.includes('partNumber=2');

describe('an upload', () => {
  afterEach(async () => {
    proxy.failAt(() => undefined);
    expect(await spaces.listUploads(BUCKET)).toEqual([]);
    await store.remove(BUCKET, KEY, AbortSignal.timeout(10_000));
  });

  const isComplete = (line: string): boolean => line.startsWith('POST') && !line.includes('uploads');
  const isWhole = (line: string): boolean => line.startsWith('PUT') && !line.includes('partNumber');

  describe('is carried out all the same', () => {
    const once = (matches: (line: string) => boolean, fault: Fault) => (line: string, count: number) =>
      matches(line) && count === 1 ? fault : undefined;

    test.each<{ what: string; sizeBytes: number; at: (line: string) => boolean; fault: Fault }>([
      { what: 'a store that is busy for a moment', sizeBytes: LARGE_BYTES, at: isSecondPart, fault: { answer: 503 } },
      { what: 'a small object to a busy store', sizeBytes: 1_000, at: isWhole, fault: { answer: 503 } },
      { what: 'a connection that breaks in a part', sizeBytes: LARGE_BYTES, at: isSecondPart, fault: 'reset' },
      { what: 'a part whose answer is lost', sizeBytes: LARGE_BYTES, at: isSecondPart, fault: 'lose' },
      { what: 'a part that hangs', sizeBytes: LARGE_BYTES, at: isSecondPart, fault: 'hang' },
      { what: 'a small object whose answer is lost', sizeBytes: 1_000, at: isWhole, fault: 'lose' },
      { what: 'a last request whose answer is lost', sizeBytes: LARGE_BYTES, at: isComplete, fault: 'lose' },
      { what: 'a last request that hangs', sizeBytes: LARGE_BYTES, at: isComplete, fault: 'hang' },
    ])('$what', async ({ sizeBytes, at, fault }) => {
      proxy.failAt(once(at, fault));
      await put(sizeBytes);
      expect(proxy.requests.filter(at).length).toBeGreaterThanOrEqual(2);
      expect(await spaces.list(BUCKET)).toEqual([KEY]);
    });

    test.each([
      ['a last request', LARGE_BYTES, isComplete],
      ['a small object', 1_000, isWhole],
    ])('%s, though every answer is lost: the store knows', async (_what, sizeBytes, at) => {
      proxy.failAt((line) => (at(line) ? 'lose' : undefined));
      await put(sizeBytes);
    });

    test('what comes after a hundred failures: each request has its tries', async () => {
      proxy.failAt((line) => (line.startsWith('HEAD') ? { answer: 503 } : undefined));
      const heads = Array.from({ length: 30 }, () => store.head(BUCKET, KEY, AbortSignal.timeout(30_000)));
      await Promise.allSettled(heads);
      proxy.failAt(once(isWhole, { answer: 503 }));
      await put(1_000);
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
      proxy.failAt((line) => (isSecondPart(line) ? fault : undefined));
      await expect(put(LARGE_BYTES)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryable: true });
      expect(await spaces.list(BUCKET)).toEqual([]);
    });

    test('a try that would come after another attempt has taken over', async () => {
      proxy.failAt((line) => (isWhole(line) ? { answer: 503 } : undefined));
      let asked = 0;
      const path = join(temp.dir, 'file');
      await writeFile(path, 'x');
      const publication = { bucket: BUCKET, key: KEY, path, sizeBytes: 1, sha256Hex: await hashFile(path) };
      const assertMayPublish = async (): Promise<void> => {
        asked += 1;
        if (asked === 2) throw new Error('another attempt holds the job');
      };
      const putting = store.put({ ...publication, assertMayPublish }, AbortSignal.timeout(10_000));
      await expect(putting).rejects.toThrow('another attempt holds the job');
      expect(proxy.requests.filter(isWhole)).toHaveLength(1);
    });

    test('a store that is gone once it has begun, and why is not forgotten over the farewell', async () => {
      let isGone = false;
      proxy.failAt((line) => {
        const goes = isGone;
        isGone ||= line.includes('uploads');
        if (!goes) return undefined;
        return line.startsWith('DELETE') ? { answer: 403, code: 'AccessDenied' } : { answer: 503 };
      });
      await expect(put(LARGE_BYTES)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      proxy.failAt(() => undefined);
      for await (const upload of store.listIncompleteUploads(BUCKET, '', AbortSignal.timeout(10_000))) {
        await store.abortUpload(BUCKET, upload, AbortSignal.timeout(10_000));
      }
    });

    test('when the worker stops in the middle of a part', async () => {
      const stopping = new AbortController();
      proxy.failAt((line) => {
        if (!isSecondPart(line)) return undefined;
        stopping.abort(new Error('stopping'));
        return 'hang';
      });
      await expect(put(LARGE_BYTES, stopping.signal)).rejects.toThrow('stopping');
      expect(await spaces.list(BUCKET)).toEqual([]);
    });
  });
});

test('an answer that breaks off, or never comes, is the store’s failure', async () => {
  const read = (deadline: AbortSignal) => store.read(BUCKET, KEY, 1e6, deadline);
  await put(1_000);
  proxy.failAt((line) => (line.startsWith('GET') ? 'cut' : undefined));
  await expect(read(AbortSignal.timeout(10_000))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  proxy.failAt((line) => (line.startsWith('GET') ? 'hang' : undefined));
  await expect(read(AbortSignal.timeout(30_000))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  // The deadline comes while the next try is waited for.
  const startedAt = performance.now();
  proxy.failAt((line) => (line.startsWith('GET') ? { answer: 503, headers: { 'retry-after': '10' } } : undefined));
  await expect(read(AbortSignal.timeout(30_000))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  expect(performance.now() - startedAt).toBeLessThan(6_000);
  proxy.failAt(() => undefined);
  await store.remove(BUCKET, KEY, AbortSignal.timeout(10_000));
});

describe('a conversion', () => {
  let stack: Stack;
  let video: Buffer;
  beforeAll(async () => {
    const env = { ...spaces.env, JOB_LOCK_MS: '1500', JOB_STALL_CHECK_MS: '500' };
    stack = await startStack({ env });
    video = await buildSampleVideo({ width: 320, height: 180, durationSec: 12 });
  });
  afterAll(() => stack.stop());
  afterEach(() => proxy.failAt(() => undefined));

  async function convert(slug: string, content = video, changes: object = {}): Promise<string> {
    const videoUrl = stack.source.serve(`/${slug}-${crypto.randomUUID()}.mp4`, content);
    const ladder = [{ name: 'big', height: 180, crf: 30, bitrateKbps: 20_000 }];
    return submit(stack, stack.videoRequest(videoUrl, { bucket: BUCKET, slug, ladder, ...changes }));
  }

  const below = async (slug: string): Promise<string[]> =>
    (await spaces.list(BUCKET)).filter((key) => key.startsWith(`${slug}/`));

  /** Everything that the published playlists lead to, and nothing else. */
  async function expectExactly(slug: string, job: JobView): Promise<void> {
    const { renditions } = hlsOutput(job);
    const segments: string[] = [];
    for (const { name } of renditions) {
      const playlist = (await spaces.read(BUCKET, `${slug}/${name}/playlist.m3u8`)).toString();
      segments.push(...parsePlaylistUris(playlist).map((uri) => `${slug}/${name}/${uri}`));
    }
    const named = ['master.m3u8', 'poster.jpg', ...renditions.map(({ name }) => `${name}/playlist.m3u8`)];
    expect(await below(slug)).toEqual([...segments, ...named.map((name) => `${slug}/${name}`)].toSorted());
    expect(await spaces.listUploads(BUCKET)).toEqual([]);
  }

  const put = (suffix: string) => (line: string) => line.startsWith('PUT') && line.split('?')[0]!.endsWith(suffix);

  test.each<{ what: string; slug: string; at: (line: string) => boolean; fault: Fault; attempt: number }>([
    { what: 'a segment whose PUT is answered 503', slug: 's503', at: put('.ts'), fault: { answer: 503 }, attempt: 1 },
    { what: 'a segment on whose way the connection breaks', slug: 'reset', at: put('.ts'), fault: 'reset', attempt: 1 },
    { what: 'a playlist whose answer is lost', slug: 'lost', at: put('playlist.m3u8'), fault: 'lose', attempt: 1 },
    { what: 'a master whose answer is lost', slug: 'last', at: put('master.m3u8'), fault: 'lose', attempt: 1 },
    {
      what: 'a segment that the store says it has, and has not',
      slug: 'swallowed',
      at: put('00001.ts'),
      fault: { answer: 200 },
      attempt: 2,
    },
  ])('gets over $what', async ({ slug, at, fault, attempt }) => {
    let faults = 0;
    proxy.failAt((line) => {
      if (!at(line) || faults > 0) return undefined;
      faults += 1;
      return fault;
    });
    const job = await stack.finished(await convert(slug));
    expect(job).toMatchObject({ status: 'completed', attempt });
    expect(faults).toBe(1);
    await expectExactly(slug, job);
  });

  test.each([
    {
      what: 'keys that are no longer known',
      slug: 'revoked',
      code: 'InvalidAccessKeyId',
      is: 'STORAGE_CREDENTIALS_REFUSED',
    },
    { what: 'no right to make public', slug: 'private', code: 'AccessDenied', is: 'STORAGE_FORBIDDEN' },
  ])('ends at once at $what, and what was there is as it was', async ({ slug, code, is }) => {
    await stack.finished(await convert(slug));
    const before = await below(slug);
    const jobId = await convert(slug);
    proxy.failAt((line) => (line.startsWith('PUT') ? { answer: 403, code } : undefined));
    const job = await stack.finished(jobId);
    expect(job).toMatchObject({ status: 'failed', attempt: 1, error: { code: is, phase: 'publish' } });
    expect(await below(slug)).toEqual(before);
    const [callback] = await stack.receiver.waitFor(job.jobId);
    expect(callback!.event).toMatchObject({ status: 'error', code: is });
  });

  test('costs the store nothing for those who ask for our health', async () => {
    proxy.failAt(() => undefined);
    const asked = await Promise.all(Array.from({ length: 40 }, () => fetch(`${stack.url}/health/ready`)));
    expect(asked.map(({ status }) => status)).toEqual(Array<number>(40).fill(200));
    expect(proxy.requests.filter((line) => line.startsWith('GET /?') || line === 'GET /').length).toBeLessThan(4);
  });

  test('that is canceled when its result is public already has completed', async () => {
    const { zip } = await buildTape({ width: 32, height: 24, durationsMs: [100, 100] });
    const zipUrl = stack.source.serve(`/${crypto.randomUUID()}.zip`, zip);
    let canceling: Promise<Response> | undefined;
    let jobId = '';
    // The MP4 is put; the question whether it is there is answered late.
    proxy.failAt((line) => {
      if (!line.startsWith('HEAD') || !line.split('?')[0]!.endsWith('late.mp4') || canceling) return undefined;
      const headers = { authorization: `Bearer ${TOKEN}` };
      canceling = fetch(`${stack.url}/api/jobs/${jobId}/cancel`, { method: 'POST', headers });
      return 'hang';
    });
    jobId = await submit(stack, stack.tapeRequest(zipUrl, { bucket: BUCKET, slug: 'late' }));
    const job = await stack.finished(jobId);
    expect((await canceling)?.status).toBe(409);
    expect(job).toMatchObject({ status: 'completed' });
    expect(await spaces.read(BUCKET, 'late.mp4')).toHaveLength(tapeOutput(job).size);
    expect(await spaces.list(BUCKET)).toContain('late-poster.jpg');
  });

  test('of a tape that fails leaves the poster that was there', async () => {
    const convertTape = async (frames: number): Promise<JobView> => {
      const { zip } = await buildTape({ width: 32, height: 24, durationsMs: Array<number>(frames).fill(100) });
      const zipUrl = stack.source.serve(`/${crypto.randomUUID()}.zip`, zip);
      return stack.finished(await submit(stack, stack.tapeRequest(zipUrl, { bucket: BUCKET, slug: 'wand' })));
    };
    expect(await convertTape(3)).toMatchObject({ status: 'completed' });
    await spaces.putPublic(BUCKET, 'wand-poster.jpg', Buffer.from('what was there'));
    proxy.failAt((line) => (put('wand.mp4')(line) ? { answer: 403, code: 'AccessDenied' } : undefined));
    expect(await convertTape(4)).toMatchObject({ status: 'failed', error: { code: 'STORAGE_FORBIDDEN' } });
    expect((await spaces.read(BUCKET, 'wand-poster.jpg')).toString()).toBe('what was there');
  });

  test('outlives a store that is away for half a minute, and health says so meanwhile', async () => {
    const healthy = await fetch(`${stack.url}/health/ready`);
    expect([healthy.status, await healthy.json()]).toMatchObject([200, { checks: { storage: { driver: 'spaces' } } }]);
    let goneAtMs = 0;
    const isAway = (): boolean => goneAtMs > 0 && performance.now() - goneAtMs < 30_000;
    proxy.failAt((line) => {
      if (goneAtMs === 0 && put('00001.ts')(line)) goneAtMs = performance.now();
      return isAway() ? 'refuse' : undefined;
    });
    const jobId = await convert('away');
    await poll('the store to be away', () => (isAway() ? true : undefined));
    await poll('health to say so', async () => {
      const { status } = await fetch(`${stack.url}/health/ready`);
      return status === 503 ? true : undefined;
    });
    const job = await stack.finished(jobId, 120_000);
    expect(job).toMatchObject({ status: 'completed' });
    expect(isAway()).toBe(false);
    await expectExactly('away', job);
    await poll('health to say so', async () => {
      const { status } = await fetch(`${stack.url}/health/ready`);
      return status === 200 ? true : undefined;
    });
  }, 150_000);

  test('leaves no parts when its worker is killed in the middle of one', async () => {
    const noise = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30:duration=3,noise=alls=100:allf=t'];
    const path = join(temp.dir, 'noise.mp4');
    await ffmpeg([...noise, ...X264, path]);
    const ladder = [{ name: 'big', height: 360, crf: 14, bitrateKbps: 50_000 }];
    proxy.failAt((line) => (isSecondPart(line) ? 'hang' : undefined));
    const jobId = await convert('killed', await readFile(path), { ladder });
    await poll('a part to be on its way', () => (proxy.requests.some(isSecondPart) ? true : undefined));
    await endProcess(stack.worker!.child, 'SIGKILL');
    proxy.failAt(() => undefined);
    expect(await spaces.listUploads(BUCKET)).not.toEqual([]);
    await stack.startWorker();
    const job = await stack.finished(jobId, 120_000);
    expect(job).toMatchObject({ status: 'completed', attempt: 2 });
    await poll('the sweep', async () => ((await spaces.listUploads(BUCKET)).length === 0 ? true : undefined), 60_000);
    await expectExactly('killed', job);
  }, 180_000);
});
