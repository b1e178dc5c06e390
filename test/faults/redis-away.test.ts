import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
beforeEach(async () => {
  stack = await startStack({ worker: false });
});
afterEach(async () => {
  process.kill(stack.redis.pid, 'SIGCONT');
  await stack.stop();
});

test('a Redis that hangs is 503 with Retry-After within a second, and the same request is taken afterwards', async () => {
  const body = stack.tapeRequest('https://example.com/a.zip');
  process.kill(stack.redis.pid, 'SIGSTOP');
  const startedAt = performance.now();
  const refused = await stack.post(body);
  expect(performance.now() - startedAt).toBeLessThan(1000);
  expect(refused).toMatchObject({ status: 503, body: { code: 'QUEUE_UNAVAILABLE' } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await fetch(`${stack.url}/health/live`)).status).toBe(200);
  process.kill(stack.redis.pid, 'SIGCONT');
  const taken = await stack.post(body);
  expect([200, 202]).toContain(taken.status);
  expect(await stack.job(taken.body.jobId)).toMatchObject({ status: 'queued', positionInQueue: 1 });
});
