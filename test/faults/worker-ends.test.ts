import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { readdir, stat } from 'node:fs/promises';
import { startLongJob } from '../support/long-job.ts';
import { poll } from '../support/poll.ts';
import { endProcess } from '../support/redis-server.ts';
import { findProcessesIn, startStack, type Stack } from '../support/stack.ts';

jest.setTimeout(180_000);

let stack: Stack;
beforeEach(async () => {
  stack = await startStack({ env: { JOB_LOCK_MS: '1500', JOB_STALL_CHECK_MS: '500', SHUTDOWN_GRACE_MS: '500' } });
});
afterEach(() => stack.stop());

async function expectNothingLeft(): Promise<void> {
  await poll(
    'its processes to end',
    async () => ((await findProcessesIn(stack.workDir)).length === 0 ? true : undefined),
    10_000,
  );
}

test('a worker that was frozen beyond its lock publishes nothing when it wakes up', async () => {
  const jobId = await startLongJob(stack);
  const frozen = stack.worker!.child;
  frozen.kill('SIGSTOP');
  await stack.startWorker();
  const job = await stack.finished(jobId, 120_000);
  expect(job).toMatchObject({ status: 'completed', attempt: 2 });
  const published = await stat(`${stack.dataDir}/storage/tapes/${job.slug}.mp4`);
  frozen.kill('SIGCONT');
  await poll('the loser to say so', () => (stack.worker!.log().includes('attempt is lost') ? true : undefined));
  await expectNothingLeft();
  expect((await stat(`${stack.dataDir}/storage/tapes/${job.slug}.mp4`)).mtimeMs).toBe(published.mtimeMs);
  const callbacks = await stack.receiver.waitFor(jobId);
  expect(new Set(callbacks.map(({ id }) => id)).size).toBe(1);
});

describe('a worker that ends in the middle of an encode', () => {
  test('by SIGTERM hands the job back uncounted, exits 0 and leaves nothing', async () => {
    const jobId = await startLongJob(stack);
    const exitCode = await endProcess(stack.worker!.child, 'SIGTERM');
    expect(exitCode).toBe(0);
    await expectNothingLeft();
    expect(await readdir(stack.workDir)).toEqual([]);
    expect(await stack.job(jobId)).toMatchObject({ status: 'queued', attempt: 0, phase: null });
    await stack.startWorker();
    expect(await stack.finished(jobId, 120_000)).toMatchObject({ status: 'completed', attempt: 1 });
    expect(await stack.receiver.waitFor(jobId)).toHaveLength(1);
  });

  test('by two SIGTERMs ends as by one', async () => {
    await startLongJob(stack);
    stack.worker!.child.kill('SIGTERM');
    expect(await endProcess(stack.worker!.child, 'SIGTERM')).toBe(0);
    expect(await readdir(stack.workDir)).toEqual([]);
  });

  test('by SIGKILL takes its FFmpeg with it, and the job runs again elsewhere', async () => {
    const jobId = await startLongJob(stack);
    await endProcess(stack.worker!.child, 'SIGKILL');
    await expectNothingLeft();
    await stack.startWorker();
    expect(await stack.finished(jobId, 120_000)).toMatchObject({ status: 'completed', attempt: 2 });
    const callbacks = await stack.receiver.waitFor(jobId);
    expect(new Set(callbacks.map(({ id }) => id)).size).toBe(1);
  });
});
