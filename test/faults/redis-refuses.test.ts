import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../support/free-port.ts';
import { poll } from '../support/poll.ts';
import { expectDelivered, expectRefused, expectTaken, holdTape, submitTape } from '../support/redis-faults.ts';
import { runCli } from '../support/run-cli.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { startStack, type Stack } from '../support/stack.ts';

jest.setTimeout(90_000);

/** Longer than the wait of any entry that becomes due meanwhile. */
const REFUSING_MS = 6_000;
const MAX_LOG_LINES = 40;
/** Both our processes live, sweep, check for stalls and ask for work; without pauses these would be tens of thousands. */
const MAX_COMMANDS = 600;
/** A copy is there at once, instead of after five seconds. */
const COPIES_AT_ONCE = { 'repl-diskless-sync-delay': '0' };

let stack: Stack;
let port: number;
beforeEach(async () => {
  port = await findFreePort();
  const env = { JOB_LOCK_MS: '1500', JOB_STALL_CHECK_MS: '500', CALLBACK_SCHEDULE_MS: '0,1000,1000' };
  stack = await startStack({ env, redis: { ...COPIES_AT_ONCE, port: String(port) } });
});
afterEach(() => stack.stop());

describe('a full Redis', () => {
  test('is 503 and a few lines of log; with room again, what ran, what waited and what comes all end', async () => {
    const running = await holdTape(stack);
    const waiting = await submitTape(stack);
    await submitHopeless(100);
    await setMaxMemory(1);
    running.release();
    await expectCalm(() => expectRefused(stack));
    expect(await stack.job(waiting)).toMatchObject({ status: 'queued' });
    await setMaxMemory(0);
    for (const jobId of [running.jobId, waiting, await expectTaken(stack)]) await expectDelivered(stack, jobId);
  });

  test('is left in peace while an entry is due that it does not give away', async () => {
    stack.receiver.answer = (nth) => ({ status: nth === 1 ? 500 : 200 });
    const jobId = await expectTaken(stack);
    await poll('the first try', async () => ((await stack.job(jobId)).callback.attempts === 1 ? true : undefined));
    await setMaxMemory(1);
    await expectCalm(() => expectRefused(stack));
    await setMaxMemory(0);
    await stack.receiver.waitFor(jobId, 2);
  });
});

test('a full Redis is emptied by letting old records go', async () => {
  const jobId = await expectTaken(stack);
  await expectDelivered(stack, jobId);
  const { redis } = stack;
  await redis.command('HSET', `tapedeck:job:${jobId}`, 'finishedAtMs', '1');
  await redis.command('ZADD', 'tapedeck:ended:completed:tape', '1', jobId);
  await setMaxMemory(1);
  const cleanup = await runCli(['cleanup', '--only', 'records', '--json'], stack.env);
  expect(cleanup.rows()).toContainEqual(expect.objectContaining({ outcome: 'done', about: jobId }));
  expect(cleanup.exitCode).toBe(0);
  expect(await stack.job(jobId)).toMatchObject({ code: 'NOT_FOUND' });
});

describe('a Redis that a failover made a read-only replica', () => {
  let other: TestRedis;
  beforeEach(async () => {
    other = await startTestRedis({ ...COPIES_AT_ONCE, port: String(await findFreePort()) });
  });
  afterEach(() => other.stop());

  test('is 503 and a few lines of log, and can be read; a primary again, what ran and what comes end', async () => {
    const running = await holdTape(stack);
    await failOver(other);
    await expectCalm(() => expectRefused(stack));
    await expectReadableBesideRefusals(running.jobId);
    running.release();
    await stack.redis.command('REPLICAOF', 'NO', 'ONE');
    for (const jobId of [running.jobId, await expectTaken(stack)]) await expectDelivered(stack, jobId);
  });
});

/** The first refusal makes the API look for another primary, which costs what it is doing at the moment. */
async function expectReadableBesideRefusals(jobId: string): Promise<void> {
  await expectRefused(stack);
  await poll('the API to be connected', async () => ((await stack.job(jobId)).jobId ? true : undefined));
  for (let nth = 0; nth < 10; nth += 1) {
    await expectRefused(stack);
    expect(await stack.job(jobId)).toMatchObject({ jobId });
  }
}

/** For a while: few lines in both logs, and few commands at Redis, beside those that `meanwhile` makes. */
async function expectCalm(meanwhile: () => Promise<void>): Promise<void> {
  const [linesBefore, commandsBefore] = [countLogLines(), await countCommands()];
  await meanwhile();
  await sleep(REFUSING_MS);
  await meanwhile();
  const [logLines, commands] = [countLogLines() - linesBefore, (await countCommands()) - commandsBefore];
  expect(logLines).toBeLessThan(MAX_LOG_LINES);
  expect(commands).toBeLessThan(MAX_COMMANDS);
}

/** @param bytes 0 for no limit, 1 for a Redis that is full at once */
async function setMaxMemory(bytes: number): Promise<void> {
  await stack.redis.command('CONFIG', 'SET', 'maxmemory', bytes);
}

function countLogLines(): number {
  return [stack.api, stack.worker!].reduce((lines, { log }) => lines + log().split('\n').length - 1, 0);
}

async function countCommands(): Promise<number> {
  const info = String(await stack.redis.command('INFO', 'stats'));
  return Number(/^total_commands_processed:(\d+)/m.exec(info)![1]);
}

/** A queue's worth of jobs that end as soon as they are looked at. */
async function submitHopeless(count: number): Promise<void> {
  const source = stack.source.serve('/hopeless.zip', Buffer.from('not an archive'));
  for (let nth = 0; nth < count; nth += 1) await stack.post(stack.tapeRequest(source));
}

/** The other one gets a copy of ours and becomes the primary; ours becomes its replica. */
async function failOver(other: TestRedis): Promise<void> {
  await other.command('REPLICAOF', '127.0.0.1', port);
  await waitForLink(other);
  await other.command('REPLICAOF', 'NO', 'ONE');
  const [, otherPort] = (await other.command('CONFIG', 'GET', 'port')) as [string, string];
  await stack.redis.command('REPLICAOF', '127.0.0.1', otherPort);
  await waitForLink(stack.redis);
}

async function waitForLink(replica: TestRedis): Promise<void> {
  await poll('the copy', async () =>
    String(await replica.command('INFO', 'replication')).includes('master_link_status:up') ? true : undefined,
  );
}
