import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createLocalStore,
  createObjectLog,
  createSpacesStore,
  type ObjectLog,
  type ObjectStore,
} from '@tapedeck/transfer';
import { startRgw, type TestRgw } from '../support/rgw.ts';
import { openSpaces, type TestSpaces } from '../support/spaces.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const BUCKET = 'results';
const signal = AbortSignal.timeout(600_000);
let temp: TempDir;
let rgw: TestRgw;
let spaces: TestSpaces;
const stores = new Map<string, ObjectStore>();
beforeAll(async () => {
  temp = await createTempDir('log');
  rgw = await startRgw();
  spaces = openSpaces(rgw);
  await spaces.createBucket(BUCKET);
  stores.set('local', createLocalStore({ dataDir: join(temp.dir, 'data'), publicUrl: 'http://127.0.0.1:1' }));
  stores.set(
    'spaces',
    createSpacesStore({
      ...{ endpoint: rgw.endpoint, region: 'us-east-1', forcePathStyle: true, publicBaseUrl: undefined },
      ...{ accessKeyId: rgw.accessKeyId, secretAccessKey: rgw.secretAccessKey, requestsPerSec: 1_000 },
    }),
  );
}, 90_000);
afterAll(async () => {
  spaces.close();
  await rgw.stop();
  await temp.remove();
});

describe.each(['local', 'spaces'])('a log in a %s store', (driver) => {
  let log: ObjectLog;
  let skipped: Error[];
  const openLog = (changes: object = {}): ObjectLog =>
    createObjectLog({
      ...{ store: stores.get(driver)!, prefix: `.tapedeck/${randomUUID()}/`, bucket: undefined, buckets: undefined },
      ...{ appendTimeoutMs: 10_000, onBucketSkipped: (error: Error) => skipped.push(error) },
      ...changes,
    });
  beforeEach(() => {
    skipped = [];
    log = openLog();
  });
  const objects = () => Array.fromAsync(log.list(signal));
  const lines = async (): Promise<string[]> => {
    const read = (await objects()).map((object) => log.read(object, signal));
    return (await Promise.all(read)).flat().toSorted();
  };

  test('holds a line when it was appended, whatever its characters', async () => {
    await log.append(BUCKET, '{"url":"https://a.example/ä|b?c=d"}');
    expect(await lines()).toEqual(['{"url":"https://a.example/ä|b?c=d"}']);
    const [object] = await objects();
    expect(Math.abs(object!.atMs - Date.now())).toBeLessThan(10_000);
  });

  test('puts what comes at the same time into few objects', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `line ${String(index).padStart(3, '0')}`);
    await Promise.all(many.map((line) => log.append(BUCKET, line)));
    expect(await lines()).toEqual(many);
    // The first line goes at once, and alone; the others wait for each other.
    expect(await objects()).toHaveLength(2);
  });

  test('begins no two objects within 50 ms', async () => {
    const appends: Promise<void>[] = [];
    // Far more often than that.
    for (let index = 0; index < 50; index += 1) {
      appends.push(log.append(BUCKET, `line ${index}`));
      await sleep(5);
    }
    await Promise.all(appends);
    const times = (await objects()).map(({ atMs }) => atMs);
    expect(times.length).toBeGreaterThan(2);
    for (let at = 1; at < times.length; at += 1) expect(times[at]! - times[at - 1]!).toBeGreaterThan(40);
  });

  test('merges objects without losing a line, and keeps the age of the youngest', async () => {
    for (const line of ['one', 'two', 'three']) await log.append(BUCKET, line);
    const before = await objects();
    await log.merge(before, signal);
    const [merged, ...others] = await objects();
    expect(others).toEqual([]);
    expect(merged!.atMs).toBe(Math.max(...before.map(({ atMs }) => atMs)));
    expect(await lines()).toEqual(['one', 'three', 'two']);
    await log.remove(merged!, signal);
    expect(await objects()).toEqual([]);
  });

  test('is read whole or not at all: an object that went meanwhile is an error', async () => {
    await log.append(BUCKET, 'one');
    const [object] = await objects();
    await log.remove(object!, signal);
    await expect(log.read(object!, signal)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });

  test('can lie in one bucket, whatever its lines are about', async () => {
    log = openLog({ bucket: BUCKET });
    await log.append('elsewhere', 'one');
    expect((await objects()).map(({ bucket }) => bucket)).toEqual([BUCKET]);
  });

  test('looks only into the buckets that it was told', async () => {
    log = openLog({ buckets: ['another'] });
    await log.append(BUCKET, 'one');
    expect(await objects()).toEqual([]);
  });
});

test('a bucket that is not there is skipped, and somebody hears of it', async () => {
  const skipped: Error[] = [];
  const log = createObjectLog({
    ...{ store: stores.get('spaces')!, prefix: '.tapedeck/log/', bucket: undefined, buckets: ['missing', BUCKET] },
    ...{ appendTimeoutMs: 10_000, onBucketSkipped: (error: Error) => skipped.push(error) },
  });
  await log.append(BUCKET, 'one');
  expect(await Array.fromAsync(log.list(signal))).toHaveLength(1);
  expect(skipped).toMatchObject([{ code: 'STORAGE_BUCKET_MISSING' }]);
  await expect(log.append('missing', 'two')).rejects.toMatchObject({ code: 'STORAGE_BUCKET_MISSING' });
});

test('a store that does not know us looks like no empty log', async () => {
  const strange = createSpacesStore({
    ...{ endpoint: rgw.endpoint, region: 'us-east-1', forcePathStyle: true, publicBaseUrl: undefined },
    ...{ accessKeyId: rgw.accessKeyId, secretAccessKey: 'wrong', requestsPerSec: 1_000 },
  });
  for (const buckets of [undefined, [BUCKET]]) {
    const log = createObjectLog({
      ...{ store: strange, prefix: '.tapedeck/log/', bucket: undefined, buckets, appendTimeoutMs: 10_000 },
      onBucketSkipped: () => undefined,
    });
    await expect(Array.fromAsync(log.list(signal))).rejects.toMatchObject({ code: 'STORAGE_CREDENTIALS_REFUSED' });
  }
});

test('nobody but us can read what is private, and no result can be put there', async () => {
  const key = '.tapedeck/secret';
  for (const store of stores.values()) {
    await store.putPrivate(BUCKET, key, Buffer.from('secret'), signal);
    expect((await store.read(BUCKET, key, 100, signal))!.toString()).toBe('secret');
    expect(() => store.assertKey(BUCKET, key)).toThrow(/expected a key that is not below \.tapedeck\//);
    await expect(store.putPrivate(BUCKET, 'public', Buffer.from('x'), signal)).rejects.toThrow('expected a key below');
  }
  expect((await fetch(`${rgw.endpoint}/${BUCKET}/${key}`)).status).toBe(403);
});

test('a local store whose private side cannot be written says so', async () => {
  const dataDir = join(temp.dir, 'half');
  const store = createLocalStore({ dataDir, publicUrl: 'http://127.0.0.1:1' });
  await store.check(signal);
  await rm(join(dataDir, 'private'), { recursive: true });
  await writeFile(join(dataDir, 'private'), 'in the way');
  await expect(store.check(signal)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
});
