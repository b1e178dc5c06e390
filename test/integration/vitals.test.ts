import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  beginAttempt,
  enqueueCallback,
  loadVitals,
  releaseForRetry,
  reportAlive,
  settleAttempt,
  submitJob,
  type Redis,
  type SignOfLife,
} from '@tapedeck/jobs';
import { parseConvertRequest } from '@tapedeck/contracts';
import { startTestBackend, type TestBackend } from '../support/test-backend.ts';

let backend: TestBackend;
let redis: Redis;
beforeAll(async () => {
  backend = await startTestBackend({ maxmemory: '100mb', 'maxmemory-policy': 'noeviction' });
  ({ redis } = backend);
});
afterAll(() => backend.stop());
beforeEach(() => redis.flushall());

const HOUR_MS = 3_600_000;
const ERROR = { code: 'ENCODE_FAILED', message: 'no', phase: 'encode' } as const;
const FAILED = { status: 'failed', error: ERROR } as const;
const COMPLETED = {
  status: 'completed',
  output: { mp4Url: 'https://a.example/a.mp4', duration: 4, size: 1_000, resolution: [4, 2] as [number, number] },
} as const;

async function submit(name: string): Promise<string> {
  const parsed = parseConvertRequest({
    ...{ mongoId: `ref-${name}`, bucket: 'tapes', slug: name, zipUrl: `https://a.example/${name}.zip` },
    callbackUrl: 'https://b.example/',
  });
  if (!parsed.ok) throw new Error(parsed.issues[0].message);
  const job = { request: parsed.request, caller: 'tests', outputName: `${name}.mp4`, idempotencyKey: undefined };
  return (await submitJob(backend, { ...job, maxAttempts: 3 })).jobId;
}

async function begin(name: string) {
  return (await beginAttempt(redis, { jobId: await submit(name), run: 1 }))!;
}

const sign = (workerId: string, more: Partial<SignOfLife> = {}): SignOfLife => ({
  ...{
    workerId,
    isStandIn: false,
    busy: 0,
    jobIds: [],
    isPaused: false,
    concurrency: 1,
    ffmpegVersion: null,
    protections: { held: [], missing: [] },
  },
  ...{ freeDiskBytes: 30, version: '1', ...more },
});

test('a fleet that has nothing to do', async () => {
  expect(await loadVitals(backend)).toEqual({
    queues: {
      conversions: { waiting: 0, delayed: 0, active: 0 },
      callbacks: { waiting: 0, delayed: 0, active: 0 },
    },
    longestProcessingSec: 0,
    workers: { alive: 0, busy: 0, lost: 0 },
    standIns: 0,
    lostWorkers: [],
    fullestWorkDisk: undefined,
    workerMemory: undefined,
    callbacks: { pending: 0, exhausted: 0 },
    failedWithinDay: 0,
    endedWithinHour: { completed: 0, failed: 0 },
    redisMemory: { usedBytes: expect.any(Number), maxBytes: 100 * 1024 ** 2 },
  });
});

test('what waits in both queues, and which callbacks are to be sent or were given up', async () => {
  for (const name of ['one', 'two', 'three']) await submit(name);
  for (const name of ['four', 'five']) {
    const result = await settleAttempt(redis, await begin(name), COMPLETED);
    if (result.result === 'settled') await enqueueCallback(backend, result.callback);
  }
  await redis.zadd('tapedeck:exhausted', Date.now(), 'six');
  const vitals = await loadVitals(backend);
  expect(vitals.queues.conversions.waiting).toBe(5);
  expect(vitals.queues.callbacks.waiting).toBe(2);
  expect(vitals.callbacks).toEqual({ pending: 2, exhausted: 1 });
});

test('the longest in processing counts from its present attempt, not from before it waited again', async () => {
  const [long, short] = [await begin('long'), await begin('short')];
  const nowMs = Date.now();
  await redis.hset(`tapedeck:job:${long.jobId}`, 'attemptStartedAtMs', nowMs - 7_000_000, 'startedAtMs', nowMs - 8e6);
  await redis.hset(`tapedeck:job:${short.jobId}`, 'attemptStartedAtMs', nowMs - 10_000);
  expect((await loadVitals(backend, nowMs)).longestProcessingSec).toBe(7_000);

  await releaseForRetry(redis, long, ERROR);
  expect((await loadVitals(backend, nowMs)).longestProcessingSec).toBe(10);
  await beginAttempt(redis, { jobId: long.jobId, run: 1 });
  expect((await loadVitals(backend, nowMs)).longestProcessingSec).toBe(10);
});

test('what ended counts for an hour, and what failed for a day', async () => {
  await settleAttempt(redis, await begin('one'), FAILED);
  await settleAttempt(redis, await begin('two'), COMPLETED);
  await settleAttempt(redis, await begin('three'), COMPLETED);
  const after = async (ms: number) => loadVitals(backend, Date.now() + ms);
  expect(await after(HOUR_MS - 10_000)).toMatchObject({
    ...{ endedWithinHour: { completed: 2, failed: 1 }, failedWithinDay: 1 },
  });
  expect(await after(HOUR_MS + 1)).toMatchObject({ endedWithinHour: { completed: 0, failed: 0 }, failedWithinDay: 1 });
  expect(await after(24 * HOUR_MS + 1)).toMatchObject({ failedWithinDay: 0 });
});

test('of the workers, how many there are and the worst of what they say', async () => {
  await reportAlive(redis, sign('old', { totalDiskBytes: 100, memory: { nodeBytes: 5, ffmpegBytes: 7 } }));
  await reportAlive(redis, sign('busy', { busy: 2, totalDiskBytes: 40, memory: { nodeBytes: 6, ffmpegBytes: 1 } }));
  await reportAlive(redis, sign('says-less'));
  await reportAlive(redis, sign('gone'));
  await redis.del('tapedeck:worker:gone');
  expect(await loadVitals(backend)).toMatchObject({
    workers: { alive: 3, busy: 1, lost: 1 },
    lostWorkers: ['gone'],
    fullestWorkDisk: { workerId: 'old', usedRatio: expect.closeTo(0.7) },
    workerMemory: { nodeBytes: 6, ffmpegBytes: 7 },
  });
});

test('a stand-in is none of the workers, and its disk and memory count', async () => {
  const more = { isStandIn: true, totalDiskBytes: 40, memory: { nodeBytes: 5, ffmpegBytes: 7 } };
  await reportAlive(redis, sign('stand-in', more));
  expect(await loadVitals(backend)).toMatchObject({
    ...{ workers: { alive: 0, busy: 0, lost: 0 }, standIns: 1 },
    fullestWorkDisk: { workerId: 'stand-in' },
    workerMemory: { nodeBytes: 5, ffmpegBytes: 7 },
  });
});
