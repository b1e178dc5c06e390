import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectRedis, listConverting, pauseWorker, reportAlive, type Redis } from '@tapedeck/jobs';
import { parseLines } from '../support/log-dir.ts';
import { createMisbehavingTools, type MisbehavingTools } from '../support/misbehaving-tools.ts';
import { poll } from '../support/poll.ts';
import { startStack, type RunningProcess, type Stack } from '../support/stack.ts';
import { buildTape } from '../support/tape-layouts.ts';

const MIB = 1024 ** 2;
let tools: MisbehavingTools;
let stack: Stack;
let redis: Redis;
let worker: RunningProcess;
beforeAll(async () => {
  tools = await createMisbehavingTools();
  // Any worker is above both from the start.
  const limits = { MEMORY_WARN_BYTES: '1', MEMORY_LIMIT_BYTES: '1' };
  stack = await startStack({ worker: false, env: { ...tools.env, ...limits } });
  redis = connectRedis(stack.redis.url, 'patient', () => undefined);
  worker = await stack.startWorker();
});
afterAll(async () => {
  redis.disconnect();
  await stack.stop();
  await tools.remove();
});

test("a worker's sign of life has its memory and its disk", async () => {
  const [sign] = await listConverting(redis);
  expect(sign!.memory!.nodeBytes).toBeGreaterThan(20 * MIB);
  expect(sign!.totalDiskBytes).toBeGreaterThanOrEqual(sign!.freeDiskBytes);
  expect(sign!.freeDiskBytes).toBeGreaterThan(0);
  expect(parseLines(worker.log())).toContainEqual(
    expect.objectContaining({ level: 40, msg: 'memory above MEMORY_WARN_BYTES', nodeBytes: expect.any(Number) }),
  );
});

test('the sign of a worker of the version before can be read', async () => {
  const [sign] = await listConverting(redis);
  const { memory: _memory, totalDiskBytes: _totalDiskBytes, ...old } = sign!;
  await reportAlive(redis, { ...old, workerId: 'old' });
  expect((await listConverting(redis)).map(({ workerId }) => workerId)).toContain('old');
});

async function submitTape(): Promise<string> {
  const { zip } = await buildTape();
  const { body } = await stack.post(stack.tapeRequest(stack.source.serve('/tape.zip', zip)));
  return body.jobId;
}

test('above its limit a worker finishes its job, takes no other and ends to be started again', async () => {
  const exited = new Promise((done) => worker.child.once('close', (code) => done(code)));
  await tools.hold('ffmpeg', '-crf 23');
  const first = await submitTape();
  await tools.untilHeld('ffmpeg');
  await poll('what runs to be in the sign of life', async () => {
    const signs = await listConverting(redis);
    return signs.some(({ memory }) => (memory?.ffmpegBytes ?? 0) > MIB) ? true : undefined;
  });
  await poll('the limit to be noticed', () => (worker.log().includes('MEMORY_LIMIT_BYTES') ? true : undefined));
  expect((await stack.job(first)).status).toBe('processing');
  const second = await submitTape();
  await tools.behave('ffmpeg');
  expect(await exited).toBe(75);
  expect(await stack.job(first)).toMatchObject({ status: 'completed', attempt: 1 });
  expect(await stack.job(second)).toMatchObject({ status: 'queued' });
  expect(parseLines(worker.log()).at(-1)).toMatchObject({ msg: 'stopped' });
  // What has done nothing yet would not be smaller after another start: it does a job first.
  const next = await stack.startWorker();
  expect((await stack.finished(second)).status).toBe('completed');
  const code = await new Promise((done) => {
    if (next.child.exitCode !== null) done(next.child.exitCode);
    next.child.once('close', done);
  });
  expect(code).toBe(75);
});

test('above its limit one that is paused finishes its job, too', async () => {
  const paused = await stack.startWorker();
  const exited = new Promise((done) => paused.child.once('close', (code) => done(code)));
  await tools.hold('ffmpeg', '-crf 23');
  const jobId = await submitTape();
  await tools.untilHeld('ffmpeg');
  for (const { workerId } of await listConverting(redis)) await pauseWorker(redis, workerId);
  await poll('the limit to be noticed', () => (paused.log().includes('MEMORY_LIMIT_BYTES') ? true : undefined));
  expect(paused.log()).toMatch(/takes no other job.*MEMORY_LIMIT_BYTES/s);
  // Had it begun to stop, there would be no other.
  const [{ workerId } = { workerId: '' }] = parseLines(paused.log()).filter(({ msg }) => msg === 'worker is ready');
  const validMs = () => redis.pttl(`tapedeck:worker:${workerId}`);
  for (const isOld of [true, false])
    await poll(
      'a sign of life',
      async () => (isOld ? (await validMs()) < 12_000 : (await validMs()) > 15_000) || undefined,
    );
  expect((await stack.job(jobId)).status).toBe('processing');
  await tools.behave('ffmpeg');
  expect(await exited).toBe(75);
  expect(await stack.job(jobId)).toMatchObject({ status: 'completed', attempt: 1 });
});
