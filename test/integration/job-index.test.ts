import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  JOB_STATUSES,
  parseConvertRequest,
  type AttemptMeasures,
  type ErrorCode,
  type JobStatus,
} from '@tapedeck/contracts';
import {
  beginAttempt,
  changePriority,
  connectRedis,
  createJobWatcher,
  findByReference,
  findJobs,
  hideJob,
  listConverting,
  loadErrorGroups,
  loadFleet,
  loadForecast,
  loadRecord,
  loadStatistics,
  loadTallies,
  NOTHING_MEASURED,
  releaseForRetry,
  reportAlive,
  reportGone,
  reportProgress,
  retryJob,
  settleAttempt,
  showJob,
  submitJob,
  type Attempt,
  type JobFilter,
  type Queues,
  type Redis,
} from '@tapedeck/jobs';
import fc from 'fast-check';
import { deriveIndexes, loadIndexes } from '../support/indexes.ts';
import { poll } from '../support/poll.ts';
import { startTestBackend, type TestBackend } from '../support/test-backend.ts';

let backend: TestBackend;
let redis: Redis;
let queues: Queues;
beforeAll(async () => {
  backend = await startTestBackend();
  ({ redis, queues } = backend);
});
afterAll(() => backend.stop());
beforeEach(() => redis.flushall());

const OUTPUT = { mp4Url: 'https://a.example/a.mp4', duration: 4, size: 1_000, resolution: [4, 2] } as const;
const COMPLETED = { status: 'completed', output: { ...OUTPUT, resolution: [4, 2] as [number, number] } } as const;
const FAILED = {
  status: 'failed',
  error: { code: 'ENCODE_FAILED', message: 'no', phase: 'encode' },
} as const;

async function submit(name: string, changes: object = {}): Promise<string> {
  const parsed = parseConvertRequest({
    ...('videoUrl' in changes ? {} : { mongoId: `ref-${name}`, zipUrl: `https://a.example/${name}.zip` }),
    ...{ bucket: 'tapes', slug: name, callbackUrl: 'https://b.example/', ...changes },
  });
  if (!parsed.ok) throw new Error(parsed.issues[0].message);
  const { jobId } = await submitJob(backend, {
    ...{
      request: parsed.request,
      caller: 'tests',
      outputName: `${name}.mp4`,
      idempotencyKey: undefined,
      maxAttempts: 3,
    },
  });
  return jobId;
}

const begin = async (jobId: string, run = 1) => (await beginAttempt(redis, { jobId, run }))!;

const ALL: JobFilter = {
  ...{ statuses: [], kind: undefined, code: undefined, prefix: undefined, fromMs: undefined, toMs: undefined },
  ...{ sort: 'createdAt', order: 'desc' },
};
const find = async (filter: Partial<JobFilter> = {}, limit = 100, offset = 0) =>
  findJobs(redis, { ...ALL, ...filter }, { limit, offset });

/** Every status whose list has the job, though it must be one. */
async function statusesOf(jobId: string): Promise<JobStatus[]> {
  const found = await Promise.all(
    JOB_STATUSES.map(async (status) => ((await find({ statuses: [status] })).jobIds.includes(jobId) ? [status] : [])),
  );
  return found.flat();
}

describe('the lists of jobs', () => {
  test('a job is in the list of its status alone, through everything that may happen to it', async () => {
    const jobId = await submit('one');
    expect(await statusesOf(jobId)).toEqual(['queued']);
    const first = await begin(jobId);
    expect(await statusesOf(jobId)).toEqual(['processing']);
    await releaseForRetry(redis, first, FAILED.error);
    expect(await statusesOf(jobId)).toEqual(['queued']);
    await settleAttempt(redis, await begin(jobId), FAILED);
    expect(await statusesOf(jobId)).toEqual(['failed']);
    expect((await find({ sort: 'finishedAt' })).jobIds).toEqual([jobId]);
    await retryJob(backend, (await loadRecord(redis, jobId))!);
    expect(await statusesOf(jobId)).toEqual(['queued']);
    expect((await find({ sort: 'finishedAt' })).jobIds).toEqual([]);
    await settleAttempt(redis, await begin(jobId, 2), COMPLETED);
    expect(await statusesOf(jobId)).toEqual(['completed']);
    await hideJob(redis, jobId);
    expect(await find()).toEqual({ jobIds: [], total: 0, totalIsEstimate: false });
    expect((await find({ prefix: 'one' })).total).toBe(0);
    await showJob(redis, jobId);
    expect(await statusesOf(jobId)).toEqual(['completed']);
    expect((await find({ prefix: 'one' })).jobIds).toEqual([jobId]);
  });

  test('one that failed is found under the code of its last error, until it is retried', async () => {
    const failWith = async (attempt: Attempt, code: ErrorCode) =>
      settleAttempt(redis, attempt, { status: 'failed', error: { ...FAILED.error, code } });
    const jobId = await submit('one');
    await releaseForRetry(redis, await begin(jobId), FAILED.error);
    expect((await find({ code: 'ENCODE_FAILED' })).total).toBe(0);
    await failWith(await begin(jobId), 'SOURCE_NOT_FOUND');
    const sought = { code: 'SOURCE_NOT_FOUND', sort: 'finishedAt' } as const;
    expect((await find(sought)).jobIds).toEqual([jobId]);
    expect((await find({ ...sought, prefix: 'one', sort: 'createdAt' })).jobIds).toEqual([jobId]);
    expect((await find({ ...sought, statuses: ['failed', 'queued'], kind: 'tape' })).jobIds).toEqual([jobId]);
    for (const other of [{ statuses: ['completed'] as const }, { kind: 'hls' as const }, { prefix: 'two' }])
      expect(await find({ ...sought, ...other })).toEqual({ jobIds: [], total: 0, totalIsEstimate: false });
    await retryJob(backend, (await loadRecord(redis, jobId))!);
    expect((await find(sought)).total).toBe(0);
    await failWith(await begin(jobId, 2), 'ENCODE_FAILED');
    expect((await find(sought)).total).toBe(0);
    expect((await find({ code: 'ENCODE_FAILED' })).jobIds).toEqual([jobId]);
    await hideJob(redis, jobId);
    expect((await find({ code: 'ENCODE_FAILED' })).total).toBe(0);
    expect(await loadIndexes(redis)).toEqual(await deriveIndexes(redis));
  });

  test('what failed is counted by its code over both kinds, with the last one as the example', async () => {
    const fail = async (name: string, code: ErrorCode, changes = {}) => {
      const jobId = await submit(name, changes);
      const error = { code, message: `no ${name}`, phase: 'download' } as const;
      await settleAttempt(redis, await begin(jobId), { status: 'failed', error });
      const { finishedAtMs } = (await loadRecord(redis, jobId))!;
      await poll('another millisecond', () => (Date.now() > finishedAtMs! ? true : undefined));
      return { jobId, finishedAtMs };
    };
    const alone = await fail('alone', 'MEDIA_TRUNCATED');
    await fail('first', 'SOURCE_TIMEOUT');
    const video = { id: 'ref-last', videoUrl: 'https://a.example/last.mov' };
    const last = await fail('last', 'SOURCE_TIMEOUT', video);
    expect(await loadErrorGroups(redis)).toEqual([
      {
        ...{ code: 'SOURCE_TIMEOUT', title: 'The source is too slow', count: 2, retryable: true },
        lastAtMs: last.finishedAtMs,
        example: {
          ...{ jobId: last.jobId, kind: 'hls', reference: 'ref-last', slug: 'last' },
          ...{ message: 'no last', phase: 'download' },
        },
      },
      expect.objectContaining({ code: 'MEDIA_TRUNCATED', count: 1, lastAtMs: alone.finishedAtMs }),
    ]);
  });

  test('every page of every filter is what sorting everything gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ atMs: fc.integer({ min: 1, max: 12 }), status: fc.constantFrom(...JOB_STATUSES) }), {
          maxLength: 30,
        }),
        fc.record({
          statuses: fc.subarray([...JOB_STATUSES]),
          order: fc.constantFrom('asc' as const, 'desc' as const),
          fromMs: fc.option(fc.integer({ min: 0, max: 13 }), { nil: undefined }),
          toMs: fc.option(fc.integer({ min: 0, max: 13 }), { nil: undefined }),
        }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 0, max: 32 }),
        async (jobs, filter, limit, offset) => {
          await redis.flushall();
          const rows = jobs.map((job, index) => ({ ...job, jobId: `tape_${String(index).padStart(3, '0')}` }));
          for (const { jobId, atMs, status } of rows) await redis.zadd(`tapedeck:created:${status}:tape`, atMs, jobId);
          const { statuses, fromMs = 0, toMs = Infinity, order } = filter;
          const sorted = rows
            .filter(({ status }) => statuses.length === 0 || statuses.includes(status))
            .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
            .toSorted((a, b) => a.atMs - b.atMs || (a.jobId < b.jobId ? -1 : 1));
          if (order === 'desc') sorted.reverse();
          const found = await find(filter, limit, offset);
          expect(found.total).toBe(sorted.length);
          expect(found.jobIds).toEqual(sorted.slice(offset, offset + limit).map(({ jobId }) => jobId));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a prefix finds references and slugs in whatever case, each job once', async () => {
    const wand = await submit('Wand-1', { mongoId: 'wand-2' });
    const other = await submit('brush-1', { mongoId: 'WAND-9' });
    await submit('brush-2');
    expect((await find({ prefix: 'wAnD' })).jobIds.toSorted()).toEqual([wand, other].toSorted());
    expect((await find({ prefix: 'wand-1' })).jobIds).toEqual([wand]);
    expect((await find({ prefix: 'brush', kind: 'hls' })).total).toBe(0);
    expect((await find({ prefix: 'and' })).total).toBe(0);
  });

  test('a prefix that fits thousands is found wherever it is, and its total may be an estimate', async () => {
    let batch = redis.pipeline();
    for (let index = 0; index <= 42_000; index += 1) {
      if (index % 1_000 === 0) {
        await batch.exec();
        batch = redis.pipeline();
      }
      if (index === 42_000) break;
      const jobId = `tape_${String(index).padStart(6, '0')}`;
      // The oldest of all, every second one, and the rest.
      const name = index < 3_000 ? 'first' : index % 2 === 0 ? 'wand' : 'other';
      batch.zadd('tapedeck:created:completed:tape', index, jobId);
      batch.zadd('tapedeck:names', 0, `${name}\0${jobId}`);
      batch.hset(`tapedeck:job:${jobId}`, { slug: name });
    }
    // Met soon along the order.
    const wide = await find({ prefix: 'wand' }, 3, 2);
    expect(wide).toMatchObject({ totalIsEstimate: true, jobIds: ['tape_041994', 'tape_041992', 'tape_041990'] });
    expect(Math.abs(wide.total / 19_500 - 1)).toBeLessThan(0.1);
    // Not met soon: their names are looked at.
    const oldest = await find({ prefix: 'first' }, 3, 2);
    expect(oldest).toEqual({
      totalIsEstimate: false,
      total: 3_000,
      jobIds: ['tape_002997', 'tape_002996', 'tape_002995'],
    });
    const deep = await find({ prefix: 'wand' }, 3, 19_000);
    expect(deep).toEqual({
      totalIsEstimate: false,
      total: 19_500,
      jobIds: ['tape_003998', 'tape_003996', 'tape_003994'],
    });
    // Few are in question.
    const narrow = await find({ prefix: 'wand', fromMs: 41_910 }, 3, 2);
    expect(narrow).toMatchObject({ totalIsEstimate: false, total: 45 });
    // Too many names, far down.
    for (let index = 0; index < 1_000; index += 1) batch.zadd('tapedeck:names', 0, `wand-${index}\0tape_${index}`);
    await batch.exec();
    const far = await find({ prefix: 'wand' }, 3, 19_000);
    expect(far.jobIds).toEqual(deep.jobIds);
  });

  test('a reference leads to its last job, and not to one whose slug is the same word', async () => {
    const first = await submit('first', { mongoId: 'post-7' });
    const firstAtMs = Date.now();
    await poll('another millisecond', async () => (Date.now() > firstAtMs ? true : undefined));
    const last = await submit('second', { mongoId: 'post-7' });
    await submit('post-7', { mongoId: 'another' });
    await submit('third', { mongoId: 'post-77' });
    expect((await findByReference(redis, 'post-7'))?.jobId).toBe(last);
    expect(await findByReference(redis, 'post')).toBeUndefined();
    // However many others have the word as their slug, or the reference in other letters.
    for (let index = 0; index < 60; index += 1)
      await submit('POST-7', { mongoId: `POST-7${index}`, bucket: `b-${index}` });
    await submit('other', { mongoId: 'POST-7' });
    expect((await findByReference(redis, 'post-7'))?.jobId).toBe(last);
    await settleAttempt(redis, await begin(last), FAILED);
    await hideJob(redis, last);
    expect((await findByReference(redis, 'post-7'))?.jobId).toBe(first);
  });
});

describe('what is counted', () => {
  test('a job counts once as ended, with its code, its phases and its bytes', async () => {
    const attempt = await begin(await submit('one'));
    const measures: AttemptMeasures = {
      ...NOTHING_MEASURED,
      ...{ phases: [{ phase: 'encode', durationMs: 2_000 }], sourceBytes: 500, megapixels: 8 },
    };
    await releaseForRetry(redis, attempt, FAILED.error, measures);
    const again = await begin(attempt.jobId);
    await settleAttempt(redis, again, COMPLETED, measures);
    await settleAttempt(redis, again, COMPLETED, measures);
    await settleAttempt(redis, await begin(await submit('two')), FAILED);
    const { counters, histograms } = await loadTallies(redis);
    expect(counters.jobs_finished_total).toEqual([
      { labels: { kind: 'tape', status: 'completed', code: '' }, value: 1 },
      { labels: { kind: 'tape', status: 'failed', code: 'ENCODE_FAILED' }, value: 1 },
    ]);
    expect(counters.attempts_failed_total).toEqual([{ labels: { kind: 'tape', code: 'ENCODE_FAILED' }, value: 1 }]);
    expect(counters.output_bytes_total).toEqual([{ labels: { kind: 'tape' }, value: 1_000 }]);
    expect(counters.source_bytes_total).toEqual([{ labels: { kind: 'tape' }, value: 500 }]);
    const [encode] = histograms.phase_seconds;
    expect(encode).toMatchObject({ labels: { kind: 'tape', phase: 'encode' }, sum: 4 });
    expect(encode?.buckets.map(({ bound, count }) => [bound, count])).toContainEqual([5, 2]);
    expect(encode?.buckets.at(-1)).toEqual({ bound: Infinity, count: 2 });
    expect(histograms.encode_speed_ratio[0]).toMatchObject({ sum: 2 });
    expect(histograms.wait_seconds[0]?.buckets.at(-1)?.count).toBe(2);
  });

  test('statistics count what there is: a result that replaces another takes its bytes', async () => {
    await settleAttempt(redis, await begin(await submit('one')), COMPLETED);
    const larger = { ...COMPLETED, output: { ...COMPLETED.output, size: 3_000 } };
    await settleAttempt(redis, await begin(await submit('one')), larger);
    await settleAttempt(redis, await begin(await submit('two')), FAILED);
    await submit('three');
    expect(await loadStatistics(backend)).toMatchObject({
      ...{ total: 4, today: 4, queueLength: 4, storageBytes: 3_000, successRate: 2 / 3 },
      byStatus: { queued: 1, processing: 0, completed: 2, failed: 1, canceled: 0 },
    });
  });

  test('nothing has ended: there is no rate and no average', async () => {
    const { successRate, averageConversionSec } = await loadStatistics(backend);
    expect({ successRate, averageConversionSec }).toEqual({ successRate: undefined, averageConversionSec: undefined });
  });
});

const SIGN = {
  ...{
    workerId: 'w1',
    isStandIn: false,
    busy: 0,
    jobIds: [],
    isPaused: false,
    concurrency: 1,
    ffmpegVersion: null,
    freeDiskBytes: 1,
    version: '1',
  },
  protections: { held: [], missing: [] },
};

describe('forecasts', () => {
  /** A conversion of so many megapixels that took so long. */
  async function complete(name: string, megapixels: number, sec: number): Promise<void> {
    const attempt = await begin(await submit(name));
    const record = { ...attempt.record, startedAtMs: Date.now() - sec * 1000 };
    await settleAttempt(redis, { ...attempt, record }, COMPLETED, { ...NOTHING_MEASURED, megapixels });
  }
  const hint = (megapixels: number) => ({
    metadata: { totalDuration: 1000, scaledSize: [1_000, (megapixels * 1_000) / 30] },
  });

  test('the size of a job decides, by the line through recent ones', async () => {
    await reportAlive(redis, SIGN);
    for (const [index, size] of [100, 200, 400].entries()) await complete(`done-${index}`, size, 5 + size / 10);
    const small = await submit('small', hint(150));
    const large = await submit('large', hint(3_000));
    const nowMs = Date.now();
    const forecast = await loadForecast(redis, nowMs);
    const secOf = async (jobId: string, position: number) =>
      (forecast.completionOf((await loadRecord(redis, jobId))!, position)! - nowMs) / 1000;
    expect(await secOf(small, 1)).toBeCloseTo(20, 0);
    expect(await secOf(large, 1)).toBeCloseTo(305, 0);
    const meanSec = 5 + 700 / 30;
    expect(await secOf(small, 3)).toBeGreaterThan(20 + 1.9 * meanSec);
  });

  test('a worker that is paused does none', async () => {
    await reportAlive(redis, SIGN);
    await complete('done', 100, 10);
    const waiting = (await loadRecord(redis, await submit('one', hint(100))))!;
    expect((await loadForecast(redis)).completionOf(waiting, 1)).toBeDefined();
    await reportAlive(redis, { ...SIGN, isPaused: true });
    expect((await loadForecast(redis)).completionOf(waiting, 1)).toBeUndefined();
  });

  test('nobody works, or nothing was measured: there is none', async () => {
    const record = (await loadRecord(redis, await submit('one', hint(100))))!;
    await complete('done', 100, 10);
    expect((await loadForecast(redis)).completionOf(record, 1)).toBeUndefined();
    await redis.del('tapedeck:speed:tape');
    await reportAlive(redis, SIGN);
    expect((await loadForecast(redis)).completionOf(record, 1)).toBeUndefined();
  });

  test('the further a job is, the more its own pace counts', async () => {
    await reportAlive(redis, SIGN);
    await complete('done', 100, 10);
    const attempt = await begin(await submit('one', hint(100)));
    await reportProgress(redis, attempt, { progress: 90, plan: { megapixels: 100 } });
    const nowMs = Date.now() + 90_000;
    const { completionOf } = await loadForecast(redis, nowMs);
    const leftSec = (completionOf((await loadRecord(redis, attempt.jobId))!, null)! - nowMs) / 1000;
    expect(leftSec).toBeGreaterThan(0);
    expect(leftSec).toBeLessThan(11);
  });
});

describe('watching a job', () => {
  test('each change is heard of, and its version grows', async () => {
    const watcher = createJobWatcher(connectRedis(backend.server.url, 'patient', () => undefined));
    let heard = 0;
    const jobId = await submit('one');
    const stop = await watcher.watch(jobId, () => (heard += 1));
    const versions = [(await loadRecord(redis, jobId))!.version];
    const attempt = await begin(jobId);
    for (const progress of [10, 20]) {
      await reportProgress(redis, attempt, { progress });
      versions.push((await loadRecord(redis, jobId))!.version);
    }
    await settleAttempt(redis, attempt, COMPLETED);
    await poll('four changes to be heard of', async () => heard >= 4 || undefined, 5_000);
    expect(versions.every((version, index) => index === 0 || version > versions[index - 1]!)).toBe(true);
    stop();
    const channel = `tapedeck:changes:${jobId}`;
    await poll('nobody to listen', async () => (await redis.pubsub('NUMSUB', channel))[1] === 0 || undefined, 5_000);
    watcher.close();
  });
});

test('a job that waits changes its place with its priority, and one that does not stays', async () => {
  const first = await submit('first');
  const second = await submit('second');
  const record = (await loadRecord(redis, second))!;
  expect(await queues.positionOf(record)).toBe(2);
  expect(await changePriority(backend, record, 'high')).toBe(true);
  expect(await queues.positionOf(record)).toBe(1);
  expect((await loadRecord(redis, second))!.request.priority).toBe('high');
  await begin(first);
  expect(await changePriority(backend, (await loadRecord(redis, first))!, 'high')).toBe(false);
});

describe('the fleet', () => {
  test('a worker that vanished is lost until another takes its place; one that said good-bye is not', async () => {
    for (const workerId of ['w1', 'w2', 'w3']) await reportAlive(redis, { ...SIGN, workerId });
    await reportGone(redis, 'w1');
    // Its sign has run out.
    await redis.del('tapedeck:worker:w2');
    await redis.zadd('tapedeck:signs', Date.now() - 360_000, 'w2');
    expect(await loadFleet(redis)).toMatchObject({ alive: [{ workerId: 'w3' }], lost: ['w2'] });
    expect((await loadFleet(redis, 300_000)).lost).toEqual(['w2']);
    expect((await loadFleet(redis, 400_000)).lost).toEqual([]);
    await reportAlive(redis, { ...SIGN, workerId: 'w4' });
    expect((await loadFleet(redis)).lost).toEqual([]);
  });

  test("a stand-in counts as no worker, takes no lost one's place, and is missed by nobody", async () => {
    await reportAlive(redis, { ...SIGN, workerId: 'w1' });
    await redis.del('tapedeck:worker:w1');
    await redis.zadd('tapedeck:signs', Date.now() - 360_000, 'w1');
    for (const workerId of ['s1', 's2']) await reportAlive(redis, { ...SIGN, workerId, isStandIn: true });
    await redis.del('tapedeck:worker:s1');
    expect(await loadFleet(redis)).toMatchObject({ alive: [], standIns: [{ workerId: 's2' }], lost: ['w1'] });
    expect(await listConverting(redis)).toMatchObject([{ workerId: 's2' }]);
    await reportGone(redis, 's2');
    expect(await loadFleet(redis)).toMatchObject({ standIns: [], lost: ['w1'] });
  });

  test('a worker of a version that cannot be paused is not', async () => {
    await reportAlive(redis, SIGN);
    const { jobIds: _jobIds, isPaused: _isPaused, ...old } = SIGN;
    await redis.set('tapedeck:worker:w1', JSON.stringify(old));
    expect(await listConverting(redis)).toMatchObject([{ workerId: 'w1', jobIds: [], isPaused: false }]);
  });

  test('a sign that this version cannot read hides nobody else', async () => {
    for (const workerId of ['w1', 'newer']) await reportAlive(redis, { ...SIGN, workerId });
    for (const sign of ['{"workerId":"newer","busy":"a little"}', 'not JSON']) {
      await redis.set('tapedeck:worker:newer', sign);
      expect(await loadFleet(redis)).toMatchObject({ alive: [{ workerId: 'w1' }], lost: [] });
    }
  });
});
