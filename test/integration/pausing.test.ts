import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  connectRedis,
  listConverting,
  pauseWorker,
  resumeWorker,
  waitForRedis,
  type Redis,
  type SignOfLife,
} from '@tapedeck/jobs';
import { createMisbehavingTools, type MisbehavingTools } from '../support/misbehaving-tools.ts';
import { poll } from '../support/poll.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { buildTape } from '../support/tape-layouts.ts';

/** Workers that operators pause and resume. */
let tools: MisbehavingTools;
let stack: Stack;
let redis: Redis;
let zipUrl: string;
beforeAll(async () => {
  tools = await createMisbehavingTools();
  stack = await startStack({ env: { ...tools.env, CALLBACK_SCHEDULE_MS: '0' } });
  redis = connectRedis(stack.redis.url, 'patient', () => undefined);
  await waitForRedis(redis, 5_000);
  zipUrl = stack.source.serve('/tape.zip', (await buildTape({ durationsMs: [100, 100] })).zip);
});
afterAll(async () => {
  redis.disconnect();
  await stack.stop();
  await tools.remove();
});

/** Shorter than the time between two signs of life. */
const AT_ONCE_MS = 3_000;

async function submit(): Promise<string> {
  const { body } = await stack.post(stack.tapeRequest(zipUrl, { options: { scale: 1 } }));
  return body.jobId;
}

async function findWorker(): Promise<SignOfLife> {
  const [worker] = await listConverting(redis);
  if (!worker) throw new Error('expected a worker');
  return worker;
}

const untilPaused = (isPaused: boolean, timeoutMs = AT_ONCE_MS): Promise<SignOfLife> =>
  poll(
    `the worker to say that isPaused is ${isPaused}`,
    async () => {
      const worker = await findWorker();
      return worker.isPaused === isPaused ? worker : undefined;
    },
    timeoutMs,
  );

async function healthOf(): Promise<string> {
  return ((await (await fetch(`${stack.url}/health`)).json()) as { status: string }).status;
}

test('a worker that is idle is paused at once, takes nothing until it is resumed, and then at once', async () => {
  const { workerId } = await findWorker();
  expect(await healthOf()).toBe('ok');
  await pauseWorker(redis, workerId);
  await untilPaused(true);
  expect(await healthOf()).toBe('degraded');
  // One that still waits for an entry would take it.
  const jobId = await submit();
  const validMs = () => redis.pttl(`tapedeck:worker:${workerId}`);
  await poll('its last sign of life to be seconds old', async () => (await validMs()) < 12_000 || undefined);
  await poll('the next sign of life', async () => (await validMs()) > 15_000 || undefined);
  expect(await stack.job(jobId)).toMatchObject({ status: 'queued', attempt: 0 });
  await resumeWorker(redis, workerId);
  await poll('the job to begin', async () => ((await stack.job(jobId)).startedAt ? true : undefined), AT_ONCE_MS);
  expect(await stack.finished(jobId)).toMatchObject({ status: 'completed', attempt: 1 });
  expect(await healthOf()).toBe('ok');
});

test('one that works goes on with what it runs, says what that is, and delivers its callback', async () => {
  const { workerId } = await findWorker();
  await tools.hold('ffmpeg', '-crf 23');
  const running = await submit();
  await tools.untilHeld('ffmpeg');
  const waiting = await submit();
  await pauseWorker(redis, workerId);
  expect(await untilPaused(true)).toMatchObject({ busy: 1, jobIds: [running] });
  await tools.behave('ffmpeg');
  expect(await stack.finished(running)).toMatchObject({ status: 'completed' });
  await stack.receiver.waitFor(running);
  expect(await stack.job(waiting)).toMatchObject({ status: 'queued', attempt: 0 });
  await resumeWorker(redis, workerId);
  expect(await stack.finished(waiting)).toMatchObject({ status: 'completed' });
});

test('a message that is lost costs the time until the next sign of life', async () => {
  const { workerId } = await findWorker();
  await redis.set(`tapedeck:paused:${workerId}`, '1', 'PX', 60_000);
  await untilPaused(true, 7_000);
  // While it lives, that is not forgotten.
  expect(await redis.pttl(`tapedeck:paused:${workerId}`)).toBeGreaterThan(23 * 3_600_000);
  await redis.del(`tapedeck:paused:${workerId}`);
  await untilPaused(false, 7_000);
});

test('one that nobody knows is not found', async () => {
  for (const change of [pauseWorker, resumeWorker])
    await expect(change(redis, 'nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await redis.exists('tapedeck:paused:nobody')).toBe(0);
});

test('one that stops while it is paused ends what it runs, and leaves no pause behind', async () => {
  const { workerId } = await findWorker();
  await pauseWorker(redis, workerId);
  await untilPaused(true);
  const exited = new Promise((done) => stack.worker!.child.once('close', (code) => done(code)));
  stack.worker!.child.kill('SIGTERM');
  expect(await exited).toBe(0);
  expect(await redis.exists(`tapedeck:paused:${workerId}`)).toBe(0);
});
