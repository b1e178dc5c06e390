import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { poll } from '../support/poll.ts';
import { holdTape } from '../support/redis-faults.ts';
import { endProcess } from '../support/redis-server.ts';
import { startApp, startStack, type RunningProcess, type Stack } from '../support/stack.ts';

jest.setTimeout(90_000);

/** They wait 30 s for Redis. */
const END_WITHIN_MS = 35_000;

let stack: Stack;
let started: RunningProcess[];
beforeEach(async () => {
  stack = await startStack();
  started = [];
});
afterEach(async () => {
  for (const { child } of started) await endProcess(child, 'SIGKILL');
  await stack.stop();
});

test('without a Redis, what starts and a worker that is told to stop all end with code 1: start me again', async () => {
  await holdTape(stack);
  await stack.redis.kill();
  started = [startApp('api', stack.env), startApp('worker', stack.env)];
  expect(await endProcess(stack.worker!.child, 'SIGTERM')).toBe(1);
  expect(await readdir(stack.workDir)).toEqual([]);
  for (const { child, log } of started) {
    expect({ exitCode: await waitForExit(child), log: log() }).toMatchObject({
      exitCode: 1,
      log: expect.stringContaining('REDIS_URL: no answer within 30000 ms'),
    });
    // The connection errors of half a minute are a few lines.
    expect(log().split('\n').length).toBeLessThan(10);
  }
});

function waitForExit(child: RunningProcess['child']): Promise<number> {
  return poll('the process to end', () => child.exitCode ?? undefined, END_WITHIN_MS);
}
