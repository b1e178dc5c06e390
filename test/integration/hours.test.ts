import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { parseConvertRequest, type TerminalOutcome } from '@tapedeck/contracts';
import { beginAttempt, loadHours, settleAttempt, submitJob, type Redis } from '@tapedeck/jobs';
import { startTestBackend, type TestBackend } from '../support/test-backend.ts';

const HOUR_MS = 3_600_000;
let backend: TestBackend;
let redis: Redis;
beforeAll(async () => {
  backend = await startTestBackend();
  ({ redis } = backend);
});
afterAll(() => backend.stop());
beforeEach(() => redis.flushall());

const FAILED = { status: 'failed', error: { code: 'ENCODE_FAILED', message: 'no', phase: 'encode' } } as const;
const COMPLETED: TerminalOutcome = {
  status: 'completed',
  output: { mp4Url: 'https://a.example/a.mp4', duration: 4, size: 1_000, resolution: [4, 2] },
};

/** A job that ends so, now, after it has waited so long. */
async function end(name: string, outcome: TerminalOutcome, waitSec: number, kind: 'tape' | 'hls' = 'tape') {
  const source =
    kind === 'tape' ? { mongoId: name, zipUrl: 'https://a.example/a' } : { id: name, videoUrl: 'https://a.example/a' };
  const parsed = parseConvertRequest({ ...source, bucket: 'tapes', slug: name, callbackUrl: 'https://b.example/' });
  if (!parsed.ok) throw new Error(parsed.issues[0].message);
  const job = { request: parsed.request, caller: 'tests', outputName: name, idempotencyKey: undefined, maxAttempts: 3 };
  const { jobId } = await submitJob(backend, job);
  const attempt = (await beginAttempt(redis, { jobId, run: 1 }))!;
  const record = { ...attempt.record, startedAtMs: attempt.record.createdAtMs + waitSec * 1_000 };
  await settleAttempt(redis, { ...attempt, record }, outcome);
}

/** By Redis' clock, which is the one that counts. */
async function readHour(): Promise<number> {
  const [sec] = await redis.time();
  return Math.floor(Number(sec) / 3_600);
}

test('what ends is counted in its hour, by how it ended, over both kinds', async () => {
  await end('one', COMPLETED, 0.5);
  await end('two', COMPLETED, 3, 'hls');
  await end('three', FAILED, 3);
  await end('four', { status: 'canceled' }, 3);
  const hour = await readHour();
  const hours = await loadHours(redis, 3, hour * HOUR_MS + 1);
  expect(hours.map(({ startMs }) => startMs)).toEqual([hour - 2, hour - 1, hour].map((one) => one * HOUR_MS));
  expect(hours[0]).toEqual({
    ...{ startMs: (hour - 2) * HOUR_MS, completed: 0, failed: 0, canceled: 0 },
    waitSec: null,
  });
  // A test may begin in one hour and end in the next.
  const [before, last] = hours.slice(1);
  const sum = (name: 'completed' | 'failed' | 'canceled') => before![name] + last![name];
  expect([sum('completed'), sum('failed'), sum('canceled')]).toEqual([2, 1, 1]);
});

test('an hour is kept for as long as it can be asked for, and knows nothing of what is stored', async () => {
  await end('one', COMPLETED, 0);
  const [key = ''] = await redis.keys('tapedeck:hour:*');
  expect(await redis.pttl(key)).toBeGreaterThan(168 * HOUR_MS);
  expect(await redis.hkeys(key)).not.toContain('stored_bytes');
  expect(await redis.hget('tapedeck:tallies', 'stored_bytes')).toBe('1000');
});

test.each([
  // The 19th of 20 lies in the bucket from 5 to 15, where it is the 9th of 10.
  ['within its bucket', { 'tape:le=5': 10, 'tape:le=15': 4, 'hls:le=15': 6, 'tape:sum': 60, 'hls:sum': 40 }, 5, 14],
  ['in the first bucket', { 'tape:le=1': 4, 'tape:sum': 2 }, 0.5, 0.95],
  ['beyond the last bound, where only that is known', { 'tape:le=Inf': 1, 'tape:sum': 20_000 }, 20_000, 14_400],
])('of the waits 95 in 100 are shorter than this: %s', async (_where, fields, mean, p95) => {
  const named = Object.entries(fields).map(([field, value]) => [`wait_seconds:${field}`, value] as const);
  await redis.hset('tapedeck:hour:7', Object.fromEntries(named));
  const [hour] = await loadHours(redis, 1, 7 * HOUR_MS);
  expect(hour?.waitSec?.mean).toBeCloseTo(mean);
  expect(hour?.waitSec?.p95).toBeCloseTo(p95);
});
