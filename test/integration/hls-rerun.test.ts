import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { HlsOutput } from '@tapedeck/contracts';
import {
  completeCleanup,
  connectRedis,
  isCleanupStillDue,
  loadDueCleanups,
  scheduleCleanup,
  waitForRedis,
  type Redis,
} from '@tapedeck/jobs';
import { createLocalStore, storageDir } from '@tapedeck/transfer';
import { cleanUpSuperseded } from '@tapedeck/upkeep';
import { poll } from '../support/poll.ts';
import { startRedisGate, type RedisGate } from '../support/redis-gate.ts';
import { endProcess, startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { hlsOutput, startStack, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import { createViewer, keepDoing } from '../support/viewer.ts';
import { AAC, ffmpeg, X264 } from '../support/video/clip.ts';

const HIGH = { name: 'high', height: 180 };
const LOW = { name: 'low', height: 90 };

async function makeVideo(colour: string, durationSec: number): Promise<Buffer> {
  const temp = await createTempDir('rerun');
  try {
    const path = join(temp.dir, 'video.mp4');
    const picture = ['-f', 'lavfi', '-i', `color=${colour}:size=320x180:rate=10:duration=${durationSec}`];
    const sound = ['-f', 'lavfi', '-i', `sine=duration=${durationSec}`];
    await ffmpeg([...picture, ...sound, ...X264, ...AAC, path]);
    return await readFile(path);
  } finally {
    await temp.remove();
  }
}

/** Two segments a rendition, and three. */
let red: Buffer;
let blue: Buffer;
beforeAll(async () => {
  [red, blue] = await Promise.all([makeVideo('red', 12), makeVideo('blue', 21)]);
});

let versions = 0;

async function submitVideo(stack: Stack, slug: string, content: Buffer, changes: object = {}): Promise<string> {
  versions += 1;
  const videoUrl = stack.source.serve(`/${versions}.mp4`, content);
  return submit(stack, stack.videoRequest(videoUrl, { slug, ladder: [HIGH, LOW], ...changes }));
}

async function convert(stack: Stack, slug: string, content: Buffer, changes: object = {}): Promise<HlsOutput> {
  return hlsOutput(await stack.finished(await submitVideo(stack, slug, content, changes)));
}

const pathOf = (stack: Stack, key: string): string => join(storageDir(stack.dataDir), 'media', key);

/** Every object of the bucket by its key, as a hash. */
async function readObjects(stack: Stack): Promise<Record<string, string>> {
  const root = pathOf(stack, '');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = async (path: string): Promise<[key: string, sha256Hex: string]> => {
    const hash = createHash('sha256').update(await readFile(path));
    return [path.slice(root.length + 1), hash.digest('hex')];
  };
  return Object.fromEntries(await Promise.all(paths.map(read)));
}

const segmentsOf = (objects: Record<string, string>, slug: string): string[] =>
  Object.keys(objects).filter((key) => key.startsWith(`${slug}/`) && key.endsWith('.ts'));

describe('while a re-run publishes', () => {
  let stack: Stack;
  let gate: RedisGate;
  beforeAll(async () => {
    stack = await startStack({ worker: false, env: { JOB_ATTEMPTS: '1' } });
    gate = await startRedisGate(stack.redis.url);
    stack.env.REDIS_URL = gate.url;
    await stack.startWorker();
  });
  afterEach(() => gate.open());
  afterAll(async () => {
    await stack?.stop();
    await gate?.stop();
  });

  /** Right after a rendition's playlist was replaced, and before anything else is. */
  function closeGateAfter(slug: string, rendition: string): void {
    const path = pathOf(stack, `${slug}/${rendition}/playlist.m3u8`);
    const before = readFileSync(path, 'utf8');
    gate.closeWhen(() => readFileSync(path, 'utf8') !== before);
  }

  test('neither a viewer of the version before nor one who comes in the middle misses anything', async () => {
    const first = await convert(stack, 'swap', red);
    const [watching, joining] = [createViewer(), createViewer()];
    const old = await watching.load(first.hlsUrl);
    expect(old.segments).toHaveLength(2 * 2);
    const watched = keepDoing(() => watching.fetchAll(old.segments));
    const joined = keepDoing(async () => {
      const { segments } = await joining.load(first.hlsUrl);
      await joining.fetchAll([...segments, first.posterUrl!]);
    });
    const lookAround = async () => {
      const inBetween = await joining.load(first.hlsUrl);
      await joining.fetchAll(inBetween.segments);
      await watching.fetchAll(old.segments);
      const changed = [...inBetween.playlists].filter(([url, text]) => text !== old.playlists.get(url));
      return { master: inBetween.master, changed: changed.map(([url]) => basename(dirname(url))) };
    };

    closeGateAfter('swap', 'high');
    const jobId = await submitVideo(stack, 'swap', blue);
    await gate.untilClosed();
    expect(await lookAround()).toEqual({ master: old.master, changed: ['high'] });
    gate.open();
    closeGateAfter('swap', 'low');
    await gate.untilClosed();
    expect(await lookAround()).toEqual({ master: old.master, changed: ['high', 'low'] });
    gate.open();

    const second = hlsOutput(await stack.finished(jobId));
    const [watchedBefore, joinedBefore] = [watched.rounds(), joined.rounds()];
    // The round that runs may have begun before the end; the one after it has not.
    await poll('two more rounds of each viewer', () =>
      watched.rounds() >= watchedBefore + 2 && joined.rounds() >= joinedBefore + 2 ? true : undefined,
    );
    await Promise.all([watched.stop(), joined.stop()]);
    expect([...watching.failures, ...joining.failures]).toEqual([]);

    expect(second).toMatchObject({ hlsUrl: first.hlsUrl, duration: expect.closeTo(21, 0) });
    const current = await joining.load(second.hlsUrl);
    expect(current.master).not.toBe(old.master);
    expect(current.segments).toHaveLength(2 * 3);
    expect(current.segments.filter((url) => old.segments.includes(url))).toEqual([]);
    expect(segmentsOf(await readObjects(stack), 'swap')).toHaveLength(2 * 2 + 2 * 3);
  });

  describe('and fails, everything is as it was before, byte for byte:', () => {
    const slug = 'kept';
    let before: Record<string, string>;
    beforeAll(async () => {
      await convert(stack, slug, red);
      before = await readObjects(stack);
    });

    const expectUntouched = async (jobId: string, code: string) => {
      const { status, error } = await stack.finished(jobId);
      expect({ status, code: error?.code }).toEqual({ status: 'failed', code });
      const now = await readObjects(stack);
      expect(now).toMatchObject(before);
      return Object.keys(now).filter((key) => !(key in before));
    };

    test('a source that is noise', async () => {
      const jobId = await submitVideo(stack, slug, Buffer.alloc(50_000, 'tapedeck!'));
      expect(await expectUntouched(jobId, 'MEDIA_UNRECOGNIZED')).toEqual([]);
    });

    test('a store that takes no segment of one rendition', async () => {
      const inTheWay = pathOf(stack, `${slug}/tiny`);
      await writeFile(inTheWay, 'a file where a directory would have to be');
      const jobId = await submitVideo(stack, slug, blue, { ladder: [HIGH, LOW, { name: 'tiny', height: 46 }] });
      await stack.finished(jobId);
      await rm(inTheWay);
      expect(await expectUntouched(jobId, 'STORAGE_KEY_REFUSED')).toEqual([]);
    });

    test('a store that fails once, when the first playlist has been replaced', async () => {
      const incoming = join(stack.dataDir, 'incoming');
      const high = pathOf(stack, `${slug}/high/playlist.m3u8`);
      const old = readFileSync(high, 'utf8');
      // The next object is on its way already; without its file, there is nothing to rename.
      gate.closeWhen(() => readFileSync(high, 'utf8') !== old && readdirSync(incoming).length > 0);
      const jobId = await submitVideo(stack, slug, blue);
      await gate.untilClosed();
      await rm(incoming, { recursive: true });
      gate.open();
      // Somebody may have seen the new playlist: its segments stay, until the cleanup comes.
      const left = await expectUntouched(jobId, 'STORAGE_UNAVAILABLE');
      expect(left.filter((key) => !key.endsWith('.ts'))).toEqual([]);
      expect(left).toHaveLength(2 * 3);
    });

    test('a store that never takes the second playlist', async () => {
      const low = pathOf(stack, `${slug}/low/playlist.m3u8`);
      await rename(low, `${low}.kept`);
      await mkdir(low);
      const jobId = await submitVideo(stack, slug, blue);
      await stack.finished(jobId);
      await rmdir(low);
      await rename(`${low}.kept`, low);
      const left = await expectUntouched(jobId, 'STORAGE_KEY_REFUSED');
      expect(left.filter((key) => !key.endsWith('.ts'))).toEqual([]);
    });
  });
});

/** The least that is allowed is a little more than a job's time. */
const JOB_TIMEOUT_MS = 14_000;
const KEEP_MS = 15_000;

describe('what a re-run superseded', () => {
  let stack: Stack;
  let redis: Redis;
  beforeAll(async () => {
    const env = { SUPERSEDED_KEEP_MS: String(KEEP_MS), JOB_TIMEOUT_MS: String(JOB_TIMEOUT_MS) };
    stack = await startStack({ env });
    redis = connectRedis(stack.redis.url, 'patient', (error) => {
      throw error;
    });
    await waitForRedis(redis, 5_000);
  });
  afterAll(async () => {
    await redis?.quit();
    await stack?.stop();
  });

  test('goes when its time has come, and nothing else goes', async () => {
    const others = [];
    for (const slug of ['a/b', 'a-2']) others.push(await submitVideo(stack, slug, red, { ladder: [LOW] }));
    await convert(stack, 'a', red, { ladder: [HIGH, { name: 'old', height: 90 }] });
    for (const jobId of others) hlsOutput(await stack.finished(jobId));
    await writeFile(pathOf(stack, 'a/high/notes.txt'), 'not ours');
    const first = await readObjects(stack);
    const superseded = segmentsOf(first, 'a').filter((key) => !key.startsWith('a/b/'));
    expect(superseded).toHaveLength(2 * 2);
    await convert(stack, 'a', blue);
    const both = await readObjects(stack);
    expect(Object.keys(both)).toEqual(expect.arrayContaining(Object.keys(first)));
    // Nobody cleans up until the next worker starts.
    await endProcess(stack.worker!.child, 'SIGTERM');

    const asked = await loadDueCleanups(redis, Infinity);
    expect(asked.map(({ slug }) => slug).sort()).toEqual(['a', 'a-2', 'a/b']);
    const replacedAtMs = (await stat(pathOf(stack, 'a/high/playlist.m3u8'))).mtimeMs;
    expect(asked.find(({ slug }) => slug === 'a')!.dueAtMs).toBeGreaterThan(replacedAtMs + KEEP_MS - 1);
    const areDue = async () => ((await loadDueCleanups(redis, Date.now())).length === asked.length ? true : undefined);
    await poll('every cleanup to be due', areDue);
    await stack.startWorker();
    await poll('the cleanups', async () => ((await loadDueCleanups(redis, Infinity)).length === 0 ? true : undefined));

    const gone = [...superseded, 'a/old/playlist.m3u8'];
    const expected = Object.entries(both).filter(([key]) => !gone.includes(key));
    expect(await readObjects(stack)).toEqual(Object.fromEntries(expected));
    expect(await readdir(pathOf(stack, 'a'))).not.toContain('old');
    const viewer = createViewer();
    for (const slug of ['a', 'a/b', 'a-2']) {
      const { segments } = await viewer.load(`${stack.url}/storage/media/${slug}/master.m3u8`);
      await viewer.fetchAll(segments);
    }
    expect(viewer.failures).toEqual([]);
  });
});

describe('a cleanup', () => {
  let server: TestRedis;
  let redis: Redis;
  let data: TempDir;
  beforeAll(async () => {
    [server, data] = await Promise.all([startTestRedis(), createTempDir('data')]);
    redis = connectRedis(server.url, 'patient', (error) => {
      throw error;
    });
    await waitForRedis(redis, 5_000);
  });
  afterAll(async () => {
    await redis?.quit();
    await Promise.all([server?.stop(), data?.remove()]);
  });
  beforeEach(() => redis.flushall());

  const target = { bucket: 'media', slug: 'a' };

  test('that was asked for again is moved on, and is not forgotten by who began the earlier one', async () => {
    await scheduleCleanup(redis, target, 1_000);
    expect(await loadDueCleanups(redis, 999)).toEqual([]);
    const [due] = await loadDueCleanups(redis, 1_000);
    expect(due).toEqual({ ...target, dueAtMs: 1_000 });
    expect(await isCleanupStillDue(redis, due!)).toBe(true);

    await scheduleCleanup(redis, target, 5_000);
    expect(await isCleanupStillDue(redis, due!)).toBe(false);
    await completeCleanup(redis, due!);
    expect(await loadDueCleanups(redis, 4_999)).toEqual([]);
    const [moved] = await loadDueCleanups(redis, 5_000);
    expect(moved).toEqual({ ...target, dueAtMs: 5_000 });

    await completeCleanup(redis, moved!);
    expect(await isCleanupStillDue(redis, moved!)).toBe(false);
    expect(await loadDueCleanups(redis, Infinity)).toEqual([]);
  });

  test('is one of its bucket and slug alone', async () => {
    const others = [
      { bucket: 'media', slug: 'a/b' },
      { bucket: 'other', slug: 'a' },
    ];
    for (const each of [target, ...others]) await scheduleCleanup(redis, each, 1_000);
    await completeCleanup(redis, { ...target, dueAtMs: 1_000 });
    const left = others.map((each) => ({ ...each, dueAtMs: 1_000 }));
    expect(await loadDueCleanups(redis, 1_000)).toEqual(left);
  });

  test('that comes while an orphan is too young removes it later', async () => {
    const keepMs = 2_000;
    const store = createLocalStore({ dataDir: data.dir, publicUrl: 'http://127.0.0.1:1' });
    const cleanUp = () =>
      cleanUpSuperseded({
        ...{ redis, store, keepMs, dryRun: false, onDeed: () => undefined },
        signal: AbortSignal.timeout(5_000),
      });
    const rendition = join(storageDir(data.dir), 'media', 'a', 'high');
    await mkdir(rendition, { recursive: true });
    await writeFile(join(rendition, '..', 'master.m3u8'), '#EXTM3U\nhigh/playlist.m3u8\n');
    await writeFile(join(rendition, 'playlist.m3u8'), '#EXTM3U\n0123456789ab-00000.ts\n');
    const [named, orphan] = ['0123456789ab-00000.ts', 'ba9876543210-00000.ts'] as const;
    for (const name of [named, orphan]) await writeFile(join(rendition, name), 'a segment');
    const oldSec = (Date.now() - 60_000) / 1000;
    for (const name of [named, 'playlist.m3u8']) await utimes(join(rendition, name), oldSec, oldSec);

    // A run asks for its cleanup before it publishes its first segment: what it leaves is younger than the request.
    await scheduleCleanup(redis, target, Date.now() - 1);
    await cleanUp();
    expect((await readdir(rendition)).sort()).toEqual([named, orphan, 'playlist.m3u8']);
    const isGone = async (): Promise<true | undefined> => {
      await cleanUp();
      return (await readdir(rendition)).includes(orphan) ? undefined : true;
    };
    await poll('the orphan to be removed', isGone, 4 * keepMs);
    expect((await readdir(rendition)).sort()).toEqual([named, 'playlist.m3u8']);
  });
});
