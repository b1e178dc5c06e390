import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DURABLE } from '../support/redis-server.ts';
import { startLongJob } from '../support/long-job.ts';
import { poll } from '../support/poll.ts';
import { expectDelivered, expectRefused, expectTaken, holdTape, submitTape } from '../support/redis-faults.ts';
import { startStack, type Stack } from '../support/stack.ts';

jest.setTimeout(90_000);

const LOCK_MS = 1_500;
/** A lock that was renewed a moment ago has run out by then, and both checks of an entry without one are due. */
const OUTAGE_MS = 4_000;

let stack: Stack;
beforeEach(async () => {
  const env = { JOB_LOCK_MS: String(LOCK_MS), JOB_STALL_CHECK_MS: '500' };
  stack = await startStack({ env, redis: DURABLE });
});
afterEach(() => stack.stop());

test('a Redis that crashes and comes back costs no job and no callback, neither of what runs nor of what waits', async () => {
  const running = await startLongJob(stack, 80);
  const waiting = await submitTape(stack);
  await stack.redis.kill();
  await expectRefused(stack);
  await stack.redis.start();
  const later = await expectTaken(stack);
  for (const jobId of [running, waiting, later]) await expectDelivered(stack, jobId);
});

describe('a Redis that is gone for longer than a lock lasts', () => {
  test('ends the job that ran meanwhile once, whoever has it then; its files are nobody else’s to remove', async () => {
    const held = await holdTape(stack);
    await stack.redis.kill();
    const killedAtMs = Date.now();
    // The sign that was on its way may still come.
    await poll('a sign of life on disk', async () =>
      (await lastSignMs()) > killedAtMs + OUTAGE_MS ? true : undefined,
    );
    await expectRefused(stack);
    await stack.redis.start();
    await poll('its lock to be missed', async () => ((await stack.job(held.jobId)).attempt === 2 ? true : undefined));
    held.release();
    await expectDelivered(stack, held.jobId);
  });

  test('waits with the outcome of a job that ended meanwhile', async () => {
    const held = await holdTape(stack);
    await stack.redis.kill();
    held.release();
    await sleep(OUTAGE_MS);
    await stack.redis.start();
    await expectDelivered(stack, held.jobId);
  });
});

describe('a Redis that hangs', () => {
  test('is 503 with Retry-After within a second, and the same request is taken afterwards', async () => {
    const body = stack.tapeRequest('https://example.com/a.zip');
    stack.redis.freeze();
    await expectRefused(stack, body);
    await expectUnreadable();
    expect((await fetch(`${stack.url}/health/live`)).status).toBe(200);
    stack.redis.wake();
    const taken = await stack.post(body);
    expect([200, 202]).toContain(taken.status);
  });

  test('for longer than a lock lasts ends the job that ran meanwhile once, and the worker takes the next', async () => {
    const held = await holdTape(stack);
    stack.redis.freeze();
    await sleep(OUTAGE_MS);
    stack.redis.wake();
    held.release();
    await expectDelivered(stack, held.jobId);
    await expectDelivered(stack, await expectTaken(stack));
  });
});

async function lastSignMs(): Promise<number> {
  const [dir] = (await readdir(stack.workDir)).filter((name) => name.startsWith('tapedeck-'));
  return (await stat(join(stack.workDir, dir!, 'alive'))).mtimeMs;
}

async function expectUnreadable(): Promise<void> {
  const startedAt = performance.now();
  expect(await stack.job('tape_anything')).toMatchObject({ status: 503, code: 'QUEUE_UNAVAILABLE' });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
}
