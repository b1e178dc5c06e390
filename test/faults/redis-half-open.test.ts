import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { buildSampleTape } from '../../scripts/sample/tape.ts';
import { startRedisGate, type RedisGate } from '../support/redis-gate.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';

jest.setTimeout(120_000);

let redis: TestRedis;
let gate: RedisGate;
let stack: Stack;
beforeEach(async () => {
  redis = await startTestRedis();
  gate = await startRedisGate(redis.url);
  stack = await startStack({ env: { REDIS_URL: gate.url } });
});
afterEach(async () => {
  try {
    await stack.stop();
  } finally {
    await gate.stop();
    await redis.stop();
  }
});

/** A host that is gone says no word, and the system waits a quarter of an hour for one. */
test('connections that look open, and through which nothing comes, are given up in seconds', async () => {
  const { zip } = await buildSampleTape(6);
  const request = () => stack.tapeRequest(stack.source.serve('/a.zip', zip), { options: { scale: 1 } });
  await stack.finished(await submit(stack, request()));
  gate.strand();
  expect((await stack.post(request())).status).toBe(503);
  const jobId = await submit(stack, request());
  expect(await stack.finished(jobId)).toMatchObject({ status: 'completed' });
  await stack.receiver.waitFor(jobId);
});
