import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { healthSchema } from '@tapedeck/contracts';
import { connectRedis, listConverting, waitForRedis, type Redis } from '@tapedeck/jobs';
import { findFreePort } from '../support/free-port.ts';
import { startLongJob } from '../support/long-job.ts';
import { poll } from '../support/poll.ts';
import { endProcess } from '../support/redis-server.ts';
import { findProcessesIn, startApp, startStack, type RunningProcess, type Stack } from '../support/stack.ts';
import { buildTape } from '../support/tape-layouts.ts';

jest.setTimeout(180_000);

const INLINE = {
  ...{ CONVERT_INLINE: 'true', CONVERT_INLINE_AFTER_MS: '1500', WORKER_CONCURRENCY: '3' },
  ...{ JOB_LOCK_MS: '1500', JOB_STALL_CHECK_MS: '500', SHUTDOWN_GRACE_MS: '3000' },
};

async function healthOf(url: string) {
  return healthSchema.parse(await (await fetch(`${url}/health`)).json());
}

const untilActive = (url: string, isActive: boolean) =>
  poll(`checks.inline.active to be ${isActive}`, async () => {
    const health = await healthOf(url);
    return health.checks.inline.active === isActive ? health : undefined;
  });

/** Of the stand-ins that a replica of the API has started, in their order. */
function listStandIns({ log }: RunningProcess): number[] {
  return [...log().matchAll(/"workerId":"\S+?-(\d+)-[0-9a-f]{6}","isStandIn":true/g)].map(([, pid]) => Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const untilGone = (pid: number) => poll(`process ${pid} to end`, () => (isAlive(pid) ? undefined : true));

async function submit(stack: Stack): Promise<string> {
  const { zip } = await buildTape({ durationsMs: [100, 100] });
  const url = stack.source.serve('/tape.zip', zip);
  return (await stack.post(stack.tapeRequest(url, { options: { scale: 1 } }))).body.jobId;
}

describe('an API without workers', () => {
  let stack: Stack;
  let redis: Redis;
  beforeAll(async () => {
    stack = await startStack({ worker: false, env: INLINE });
    redis = connectRedis(stack.redis.url, 'patient', () => undefined);
    await waitForRedis(redis, 5_000);
  });
  afterAll(async () => {
    redis.disconnect();
    await stack.stop();
  });

  test('converts by itself, one job at a time, delivers the callbacks, and says so', async () => {
    const jobIds = [await submit(stack), await submit(stack)];
    expect(await untilActive(stack.url, true)).toMatchObject({
      status: 'degraded',
      checks: {
        ...{ workers: { alive: 0, busy: 0 }, inline: { enabled: true }, ffmpeg: { available: true } },
        protections: { held: expect.arrayContaining(['no network']) },
      },
    });
    expect(await listConverting(redis)).toMatchObject([{ isStandIn: true, concurrency: 1 }]);
    for (const jobId of jobIds) {
      expect(await stack.finished(jobId)).toMatchObject({ status: 'completed', attempt: 1 });
      expect(await stack.receiver.waitFor(jobId)).toHaveLength(1);
    }
    const metrics = await (await fetch(`${stack.url}/metrics`)).text();
    expect(metrics).toContain('tapedeck_workers{state="alive"} 0\n');
    expect(metrics).toContain('tapedeck_stand_ins 1\n');
  });

  test('starts its stand-in again when that dies', async () => {
    await untilActive(stack.url, true);
    const pid = listStandIns(stack.api).at(-1)!;
    process.kill(pid, 'SIGKILL');
    const jobId = await submit(stack);
    expect(await stack.finished(jobId)).toMatchObject({ status: 'completed' });
    expect(listStandIns(stack.api).at(-1)).not.toBe(pid);
  });

  test('leaves it to another replica, which takes over when that one stops', async () => {
    const port = await findFreePort();
    const other = startApp('api', { ...stack.env, PORT: String(port) });
    try {
      await poll('the other to say so', () => (other.log().includes('another API converts') ? true : undefined));
      const url = `http://127.0.0.1:${port}`;
      expect(other.log()).not.toContain('this API converts by itself');
      expect((await healthOf(url)).checks.inline).toMatchObject({ enabled: true, active: true });
      expect(await endProcess(stack.api.child, 'SIGTERM')).toBe(0);
      expect(isAlive(listStandIns(stack.api).at(-1)!)).toBe(false);
      await poll('the other to stand in', () => (listStandIns(other).length > 0 ? true : undefined));
    } finally {
      expect(await endProcess(other.child, 'SIGTERM')).toBe(0);
    }
    listStandIns(other).forEach((pid) => expect(isAlive(pid)).toBe(false));
  });
});

describe('a stand-in in the middle of a job', () => {
  let stack: Stack;
  afterEach(() => stack.stop());

  async function standInForLongJob(): Promise<{ jobId: string; pid: number }> {
    stack = await startStack({ worker: false, env: INLINE });
    const jobId = await startLongJob(stack);
    return { jobId, pid: listStandIns(stack.api).at(-1)! };
  }

  test('makes way for a worker that returns, and the job ends once', async () => {
    const { jobId, pid } = await standInForLongJob();
    expect((await healthOf(stack.url)).checks.inline).toMatchObject({ active: true });
    await stack.startWorker();
    await untilGone(pid);
    expect(await untilActive(stack.url, false)).toMatchObject({ status: 'ok', checks: { workers: { alive: 1 } } });
    expect(await stack.finished(jobId, 120_000)).toMatchObject({ status: 'completed', attempt: 1 });
    expect(await stack.receiver.waitFor(jobId)).toHaveLength(1);
    expect(listStandIns(stack.api)).toEqual([pid]);
  });

  test('hands it back when the API is asked to stop, and is gone with its files before the API', async () => {
    const { jobId, pid } = await standInForLongJob();
    expect(await endProcess(stack.api.child, 'SIGTERM')).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect([...(await readdir(stack.workDir)), ...(await findProcessesIn(stack.workDir))]).toEqual([]);
    const again = startApp('api', { ...stack.env, CONVERT_INLINE: 'false' });
    try {
      await poll('the API', () => (again.log().includes('Server listening') ? true : undefined));
      expect(await stack.job(jobId)).toMatchObject({ status: 'queued', attempt: 0 });
    } finally {
      await endProcess(again.child, 'SIGTERM');
    }
  });

  test('ends by itself when the API is killed, and leaves nothing', async () => {
    const { pid } = await standInForLongJob();
    await endProcess(stack.api.child, 'SIGKILL');
    await untilGone(pid);
    expect([...(await readdir(stack.workDir)), ...(await findProcessesIn(stack.workDir))]).toEqual([]);
  });
});

describe('with CONVERT_INLINE, what a worker needs is asked for when the API starts', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ worker: false });
  });
  afterAll(() => stack.stop());

  test.each([
    ['FFMPEG_PATH', '/nowhere/ffmpeg'],
    ['FFPROBE_PATH', 'no-such-program'],
    ['CALLBACK_SIGNING_SECRET', ''],
    ['WORK_DIR', '/dev/null/scratch'],
  ])('%s', async (name, value) => {
    const port = String(await findFreePort());
    const { child, log } = startApp('api', { ...stack.env, ...INLINE, PORT: port, [name]: value });
    try {
      expect(await poll('the API to end', () => child.exitCode ?? undefined)).toBe(78);
      expect(log()).toMatch(new RegExp(`CONVERT_INLINE: .*${name}: expected `));
    } finally {
      await endProcess(child, 'SIGKILL');
    }
  });

  test('and without it, nothing of that', async () => {
    const health = await healthOf(stack.url);
    expect(health.checks.inline).toEqual({ enabled: false, active: false, busy: 0 });
  });
});
