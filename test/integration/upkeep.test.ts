import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { JobView } from '@tapedeck/contracts';
import {
  connectRedis,
  createJobWatcher,
  findJobs,
  loadPublisher,
  loadRecord,
  loadStatistics,
  openQueues,
  scheduleCleanup,
  waitForRedis,
  type Backend,
  type JobRecord,
  type Redis,
} from '@tapedeck/jobs';
import { createLocalStore, storageDir, type ObjectStore } from '@tapedeck/transfer';
import {
  cleanUpSuperseded,
  deleteOldRecords,
  deleteOldResults,
  deleteResult,
  putBackStuck,
  type Deed,
} from '@tapedeck/upkeep';
import { createEndedJobs, type EndedJobs } from '../support/ended-jobs.ts';
import { poll } from '../support/poll.ts';
import { readFiles } from '../support/read-files.ts';
import { runCli } from '../support/run-cli.ts';
import { takeSnapshot } from '../support/snapshot.ts';
import { startStack, TOKEN, type Stack } from '../support/stack.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

/** What goes when nobody needs it any more, by hand and by the schedule. */
let stack: Stack;
let redis: Redis;
let backend: Backend;
let store: ObjectStore;
let temp: TempDir;
let jobs: EndedJobs;
let resultsDir: string;
beforeAll(async () => {
  stack = await startStack({ worker: false, env: { JOB_JOURNAL: 'off', KEEP_JOBS_DAYS: '90' } });
  redis = connectRedis(stack.redis.url, 'patient', () => undefined);
  await waitForRedis(redis, 5_000);
  backend = { redis, queues: await openQueues(redis, 5_000), journal: undefined };
  store = createLocalStore({ dataDir: stack.dataDir, publicUrl: stack.url });
  temp = await createTempDir('upkeep');
  jobs = createEndedJobs(backend, store, temp);
  resultsDir = storageDir(stack.dataDir);
}, 60_000);
afterAll(async () => {
  await backend.queues.close();
  redis.disconnect();
  await stack.stop();
  await temp.remove();
});
let deeds: Deed[] = [];
beforeEach(() => {
  deeds = [];
});
afterEach(async () => {
  // What the API has said of its queues when it started stays.
  const keys = await redis.keys('tapedeck:*');
  for (const key of keys) if (!key.endsWith(':meta')) await redis.del(key);
});

const DAY_MS = 24 * 3_600_000;
const upkeep = (dryRun = false) => ({
  ...{ redis, store, dryRun, addresses: { spacesEndpoint: 'https://s.example', publicUrl: stack.url } },
  onDeed: (deed: Deed) => void deeds.push(deed),
  signal: AbortSignal.timeout(30_000),
});
const outcomes = () => deeds.map(({ outcome, about }) => [outcome, about]);
const snapshot = () => takeSnapshot(redis, [stack.dataDir, stack.workDir]);
const filesOf = async (slug: string): Promise<string[]> =>
  Object.keys(await readFiles(resultsDir)).filter((path) => path.includes(`/${slug}`));
const load = (record: JobRecord) => loadRecord(redis, record.jobId);

async function ask(method: 'GET' | 'DELETE', path: string) {
  const answer = await fetch(`${stack.url}${path}`, { method, headers: { authorization: `Bearer ${TOKEN}` } });
  return (await answer.json()) as JobView;
}

describe('old results', () => {
  const olderThanMs = 30 * DAY_MS;

  test('go, the records say so and keep what was there for reference; young ones stay', async () => {
    const [tape, stream, young] = [
      await jobs.tape('old-tape'),
      await jobs.stream('old-stream'),
      await jobs.tape('young'),
    ];
    for (const record of [tape, stream]) await jobs.makeOlder(record, 31);
    await jobs.makeOlder(young, 29);
    expect(await loadStatistics(backend)).toMatchObject({ storageBytes: 6 + 90 + 6 });
    const before = await ask('GET', `/api/jobs/${tape.jobId}`);
    expect(before.resultDeletedAt).toBeNull();

    await deleteOldResults({ ...upkeep(), olderThanMs });
    expect(outcomes().toSorted()).toEqual(
      [
        ['done', tape.jobId],
        ['done', stream.jobId],
      ].toSorted(),
    );
    expect(await filesOf('old-')).toEqual([]);
    expect(await filesOf('young')).toHaveLength(2);
    expect(await loadStatistics(backend)).toMatchObject({ storageBytes: 6, total: 3 });
    const after = await ask('GET', `/api/jobs/${tape.jobId}`);
    expect(after).toMatchObject({ status: 'completed', output: before.output });
    expect(Date.now() - Date.parse(after.resultDeletedAt!)).toBeLessThan(10_000);
    expect((await ask('GET', `/api/jobs/${young.jobId}`)).resultDeletedAt).toBeNull();

    deeds = [];
    await deleteOldResults({ ...upkeep(), olderThanMs });
    expect(deeds).toEqual([]);
  });

  test('are only named in a dry run, which changes nothing', async () => {
    const records = [await jobs.tape('dry-tape'), await jobs.stream('dry-stream')];
    for (const record of records) await jobs.makeOlder(record, 31);
    const before = await snapshot();
    await deleteOldResults({ ...upkeep(true), olderThanMs });
    expect(await snapshot()).toEqual(before);
    const planned = deeds;
    deeds = [];
    await deleteOldResults({ ...upkeep(), olderThanMs });
    expect(deeds).toEqual(planned);
    expect(deeds.map(({ sizeBytes }) => sizeBytes).toSorted()).toEqual([104, 14]);
  });

  test('that a later job has replaced, or that lie where the caller wanted them, stay', async () => {
    const [first, second] = [await jobs.tape('twice'), await jobs.tape('twice')];
    const upload = { putUrl: 'https://c.example/x.mp4', posterPutUrl: 'https://c.example/x.jpg' };
    const uploaded = await jobs.tape('elsewhere', { upload });
    for (const record of [first, uploaded]) await jobs.makeOlder(record, 31);
    await deleteOldResults({ ...upkeep(), olderThanMs });
    expect(outcomes().toSorted()).toEqual(
      [
        ['skipped', first.jobId],
        ['skipped', uploaded.jobId],
      ].toSorted(),
    );
    expect(await filesOf('twice')).toHaveLength(2);
    expect((await load(first))!.resultDeletedAtMs).toBeUndefined();
    await jobs.makeOlder(second, 31);
    deeds = [];
    await deleteOldResults({ ...upkeep(), olderThanMs });
    expect(outcomes()).toEqual([['done', second.jobId]]);
  });

  test('of which one cannot be deleted hold up no other, and that one is tried again in an hour', async () => {
    const [bad, good] = [await jobs.tape('bad'), await jobs.tape('good')];
    await jobs.makeOlder(bad, 40);
    await jobs.makeOlder(good, 31);
    const failing: ObjectStore = {
      ...store,
      head: (bucket, key, signal) =>
        key === 'bad.mp4' ? Promise.reject(new Error('the store is away')) : store.head(bucket, key, signal),
    };
    await deleteOldResults({ ...upkeep(), store: failing, olderThanMs });
    expect(outcomes()).toEqual([
      ['failed', bad.jobId],
      ['done', good.jobId],
    ]);
    expect(deeds[0]!.what).toContain('the store is away');
    deeds = [];
    await deleteOldResults({ ...upkeep(), olderThanMs });
    expect(deeds).toEqual([]);
    await deleteOldResults({ ...upkeep(), olderThanMs: olderThanMs - 3_700_000 });
    expect(outcomes()).toEqual([['done', bad.jobId]]);
  });

  test('of which one was cut short are deleted to the end the next time', async () => {
    const record = await jobs.stream('cut-short');
    await jobs.makeOlder(record, 31);
    // A process that dies right after the files, and before the record.
    expect(await deleteResult(upkeep(), record, upkeep())).toMatchObject({ files: 5 });
    await deleteOldResults({ ...upkeep(), olderThanMs });
    expect(deeds).toMatchObject([{ outcome: 'done', about: record.jobId, sizeBytes: 0 }]);
    expect((await load(record))!.resultDeletedAtMs).toBeDefined();
    expect(await loadPublisher(redis, 'media', 'cut-short/master.m3u8')).toBeNull();
  });

  test('are no longer counted as stored when a job is deleted by hand with its files', async () => {
    const [kept, gone] = [await jobs.tape('kept'), await jobs.tape('gone')];
    for (const record of [kept, gone]) await jobs.deliver(record);
    expect(await ask('DELETE', `/api/jobs/${gone.jobId}?delete_files=true`)).toMatchObject({
      ...{ success: true, deleted_files: 2, space_freed: 14 },
    });
    expect(await loadStatistics(backend)).toMatchObject({ storageBytes: 6, total: 1 });
    // Without its files, they are still there, and nobody would ever take them off the count.
    await ask('DELETE', `/api/jobs/${kept.jobId}`);
    expect(await loadStatistics(backend)).toMatchObject({ storageBytes: 0, total: 0 });
    expect(await filesOf('kept')).toHaveLength(2);
  });
});

describe('old records', () => {
  const options = () => ({ ...upkeep(), olderThanMs: 90 * DAY_MS, waitForResults: false });
  const all = {
    statuses: [],
    kind: undefined,
    code: undefined,
    prefix: undefined,
    fromMs: undefined,
    toMs: undefined,
  } as const;
  const listed = async (sort: 'createdAt' | 'finishedAt' = 'createdAt') =>
    (await findJobs(redis, { ...all, sort, order: 'asc' }, { limit: 1_000, offset: 0 })).jobIds;

  test('go with all that Redis knows of them, and whoever watches hears of it; what is there stays there', async () => {
    const record = await jobs.tape('forgotten');
    await jobs.deliver(record);
    await jobs.makeOlder(record, 91);
    const watcher = createJobWatcher(connectRedis(stack.redis.url, 'patient', () => undefined));
    let changes = 0;
    await watcher.watch(record.jobId, () => (changes += 1));
    await deleteOldRecords(options());
    expect(outcomes()).toEqual([['done', record.jobId]]);
    await poll('the watcher to hear of it', () => (changes > 0 ? true : undefined));
    watcher.close();
    expect(Object.entries(await takeSnapshot(redis, [])).filter(([key]) => key.includes(record.jobId))).toEqual([]);
    expect([await listed(), await listed('finishedAt'), await redis.zcard('tapedeck:results')]).toEqual([[], [], 0]);
    expect(await redis.exists('tapedeck:publisher:tapes/forgotten.mp4')).toBe(0);
    expect(await filesOf('forgotten')).toHaveLength(2);
    deeds = [];
    await deleteOldRecords(options());
    expect(deeds).toEqual([]);
  });

  test('of jobs that live, that are young, or whose callers were not told yet stay', async () => {
    const [waiting, untold, young] = [
      await jobs.waiting('lives'),
      await jobs.failed('untold'),
      await jobs.failed('young'),
    ];
    await jobs.deliver(young);
    await jobs.makeOlder(untold, 91);
    await jobs.makeOlder(young, 89);
    await deleteOldRecords(options());
    expect(deeds).toMatchObject([{ outcome: 'skipped', about: untold.jobId }]);
    expect((await listed()).toSorted()).toEqual([waiting, untold, young].map(({ jobId }) => jobId).toSorted());
    await jobs.deliver(untold);
    await deleteOldRecords(options());
    expect(outcomes().at(-1)).toEqual(['done', untold.jobId]);
  });

  test('wait for their results where those are to be deleted', async () => {
    const record = await jobs.tape('waits');
    await jobs.deliver(record);
    await jobs.makeOlder(record, 91);
    await deleteOldRecords({ ...options(), waitForResults: true });
    expect(outcomes()).toEqual([['skipped', record.jobId]]);
    await deleteOldResults({ ...upkeep(), olderThanMs: 90 * DAY_MS });
    await deleteOldRecords({ ...options(), waitForResults: true });
    expect(outcomes().at(-1)).toEqual(['done', record.jobId]);
    expect(await listed()).toEqual([]);
  });

  test('wait a week for a result that cannot be deleted, which then counts no longer', async () => {
    const record = await jobs.tape('stays');
    await jobs.deliver(record);
    await jobs.makeOlder(record, 96);
    await deleteOldRecords({ ...options(), waitForResults: true });
    expect(outcomes()).toEqual([['skipped', record.jobId]]);
    expect(await loadStatistics(backend)).toMatchObject({ storageBytes: 6 });
    await jobs.makeOlder(record, 98);
    await deleteOldRecords({ ...options(), waitForResults: true });
    expect(outcomes().at(-1)).toEqual(['done', record.jobId]);
    expect(await loadStatistics(backend)).toMatchObject({ storageBytes: 0, total: 0 });
    expect(await filesOf('stays')).toHaveLength(2);
  });

  test('go in bounded batches, though hundreds of one moment that must stay are in front', async () => {
    const records = await Promise.all(Array.from({ length: 260 }, (_, index) => jobs.failed(`many-${index}`)));
    const atMs = Date.now() - 91 * DAY_MS;
    const delivered = records.slice(230);
    for (const record of delivered) await jobs.deliver(record);
    for (const { jobId } of records) {
      await redis.hset(`tapedeck:job:${jobId}`, 'finishedAtMs', atMs);
      await redis.zadd('tapedeck:ended:failed:tape', 'XX', atMs, jobId);
    }
    const gone = () => deeds.filter(({ outcome }) => outcome === 'done').length;
    await deleteOldRecords({ ...options(), limit: 20 });
    expect(gone()).toBe(20);
    await deleteOldRecords({ ...options(), limit: 20 });
    expect(gone()).toBe(30);
    expect(await listed()).toHaveLength(230);
  });
});

test('superseded segments are only named in a dry run', async () => {
  await jobs.stream('superseded');
  await jobs.stream('superseded');
  await scheduleCleanup(redis, { bucket: 'media', slug: 'superseded' }, Date.now() - 1);
  await poll('the segments to be older than a moment', () => (Date.now() % 5 === 0 ? true : undefined));
  const before = await snapshot();
  await cleanUpSuperseded({ ...upkeep(true), keepMs: 1 });
  expect(await snapshot()).toEqual(before);
  const planned = deeds;
  expect(planned).toMatchObject([{ outcome: 'done', about: 'media/superseded', sizeBytes: 18 }]);
  deeds = [];
  await cleanUpSuperseded({ ...upkeep(), keepMs: 1 });
  expect(deeds).toEqual(planned);
  expect(await filesOf('superseded')).toHaveLength(5);
  deeds = [];
  await cleanUpSuperseded({ ...upkeep(), keepMs: 1 });
  expect(deeds).toEqual([]);
});

test('a job whose queue entry vanished is named in a dry run, and then put back, once', async () => {
  const { jobId } = await jobs.waiting('vanished');
  const waits = await jobs.waiting('waits');
  await backend.queues.removeConversion({ jobId, run: 1 });
  const longAgoMs = Date.now() - DAY_MS;
  for (const id of [jobId, waits.jobId]) await redis.zadd('tapedeck:alive', longAgoMs, id);
  const options = { backend, limits: { quietMs: 1_000, stuckAfterMs: 60_000 } };
  const before = await snapshot();
  await putBackStuck({ ...upkeep(true), ...options });
  expect(await snapshot()).toEqual(before);
  expect(outcomes()).toEqual([['done', jobId]]);
  await putBackStuck({ ...upkeep(), ...options });
  expect(outcomes()).toEqual(Array(2).fill(['done', jobId]));
  await putBackStuck({ ...upkeep(), ...options });
  expect(deeds).toHaveLength(2);
});

describe('tapedeck cleanup', () => {
  const run = (...args: string[]) => runCli(['cleanup', ...args], { ...stack.env, DELETE_RESULTS_AFTER_DAYS: '30' });
  const WHAT = ['workspaces', 'segments', 'results', 'records', 'stuck'];

  async function prepare() {
    const orphan = `tapedeck-${hostname()}-${execFileSync('sh', ['-c', 'echo $$']).toString().trim()}-abcdef`;
    await mkdir(join(stack.workDir, orphan), { recursive: true });
    await writeFile(join(stack.workDir, orphan, 'frame.png'), 'left');
    const hourAgo = new Date(Date.now() - 3_700_000);
    await utimes(join(stack.workDir, orphan), hourAgo, hourAgo);
    const [result, record] = [await jobs.tape('cli-result'), await jobs.failed('cli-record')];
    await jobs.makeOlder(result, 31);
    await jobs.deliver(record);
    await jobs.makeOlder(record, 91);
    return { orphan: join(stack.workDir, orphan), result, record };
  }

  test('does by hand what the schedule does; a dry run before it names the same and changes nothing', async () => {
    const { orphan, result, record } = await prepare();
    const before = await snapshot();
    const dry = await run('--dry-run', '--json');
    expect(await snapshot()).toEqual(before);
    expect([dry.exitCode, dry.stderr]).toEqual([0, '']);
    const done = (rows: (Deed & { summary?: object })[]) =>
      rows.filter(({ outcome }) => outcome === 'done').map(({ about, what }) => ({ about, what }));
    const planned = done(dry.rows());
    expect(planned.map(({ about }) => about)).toEqual([orphan, result.jobId, record.jobId]);
    expect(dry.rows().at(-1)).toMatchObject({ ok: true, dryRun: true, summary: { done: 3, failed: 0 } });

    const real = await run('--json');
    expect(real.exitCode).toBe(0);
    expect(done(real.rows())).toEqual(planned);
    expect(await filesOf('cli-result')).toEqual([]);
    expect([(await load(result))?.resultDeletedAtMs, await load(record)]).toEqual([expect.any(Number), undefined]);
    expect((await run()).stdout).toBe('0 done, 0 skipped, 0 failed\n');
  });

  test('does only what it is asked for, and says what it can be asked for', async () => {
    const { orphan, result, record } = await prepare();
    const only = await run('--only', 'workspaces,records');
    expect(only.stdout).toBe(
      `done    ${orphan}: remove an orphaned workspace\ndone    ${record.jobId}: delete its record\n` +
        '2 done, 0 skipped, 0 failed\n',
    );
    expect((await load(result))!.resultDeletedAtMs).toBeUndefined();
    const wrong = await run('--only', 'everything');
    expect(wrong.exitCode).toBe(2);
    for (const name of WHAT) expect(wrong.stderr).toContain(name);
  });

  test('without a Redis says which variable is missing', async () => {
    const { exitCode, stderr } = await runCli(['cleanup'], { PATH: process.env.PATH! });
    expect([exitCode, stderr]).toEqual([78, 'REDIS_URL: expected redis://, rediss:// or unix:, got nothing\n']);
  });
});

test('a worker does it by itself', async () => {
  const result = await jobs.tape('scheduled');
  const record = await jobs.failed('scheduled-too');
  await jobs.deliver(record);
  await jobs.makeOlder(result, 31);
  await jobs.makeOlder(record, 91);
  stack.env.DELETE_RESULTS_AFTER_DAYS = '30';
  let isReady = false;
  const seen = new Set<string>();
  const [worker] = await Promise.all([
    stack.startWorker().finally(() => (isReady = true)),
    // Also what it makes while it starts: one that is killed then leaves nothing that the next would not know for its own.
    poll('it to be ready', async () => {
      for (const name of await readdir(stack.workDir)) seen.add(name);
      return isReady ? true : undefined;
    }),
  ]);
  expect([...seen]).toEqual([expect.stringMatching(`^tapedeck-${hostname()}-${worker.child.pid}-`)]);
  await poll('both to go', async () =>
    (await load(result))?.resultDeletedAtMs !== undefined && !(await load(record)) ? true : undefined,
  );
  expect(await filesOf('scheduled')).toEqual([]);
});
