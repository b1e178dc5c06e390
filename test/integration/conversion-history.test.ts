import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { PHASES, type HistoryEntry } from '@tapedeck/contracts';
import { connectRedis, loadActivity, loadHistory, waitForRedis, type Redis } from '@tapedeck/jobs';
import { findMediaTools, runFfmpeg, type ToolReport } from '@tapedeck/media';
import { createMisbehavingTools, type MisbehavingTools } from '../support/misbehaving-tools.ts';
import { poll } from '../support/poll.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { createTempDir } from '../support/temp-dir.ts';

/** What operators read of jobs that real workers had in their hands. */
let stack: Stack;
let redis: Redis;
let tools: MisbehavingTools;
beforeAll(async () => {
  tools = await createMisbehavingTools();
  stack = await startStack({ env: { ...tools.env, JOB_ATTEMPTS: '2' } });
  redis = connectRedis(stack.redis.url, 'patient', () => undefined);
  await waitForRedis(redis, 5_000);
}, 60_000);
afterAll(async () => {
  redis.disconnect();
  await stack.stop();
  await tools.remove();
});

async function convert(name: string): Promise<{ jobId: string; history: HistoryEntry[] }> {
  const { zip } = await buildTape({ width: 32, height: 24, durationsMs: [100, 100, 100] });
  const jobId = await submit(stack, stack.tapeRequest(stack.source.serve(`/${name}.zip`, zip), { slug: name }));
  const history = await poll(`the callback of ${name}`, async () => {
    const entries = await loadHistory(redis, jobId);
    return entries.at(-1)?.what === 'callback' ? entries : undefined;
  });
  return { jobId, history };
}

async function expectNoPaths(history: readonly HistoryEntry[]): Promise<void> {
  const text = JSON.stringify([history, await loadActivity(redis, 500)]);
  for (const dir of [stack.workDir, stack.dataDir, process.cwd(), '/tmp']) expect(text).not.toContain(dir);
  for (const entry of history) if (entry.what === 'tool') expect(entry.command).not.toMatch(/(^|[ =':])\//);
}

test('a tape that converts has the way that it went', async () => {
  const { history } = await convert('fine');
  expect(history).toMatchObject([
    { what: 'accepted' },
    { what: 'attempt', attempt: 1, workerId: expect.stringMatching(/-\d+-\w{6}$/) },
    ...PHASES.slice(0, 4).map((phase) => ({ what: 'phase', attempt: 1, phase })),
    { what: 'tool', tool: 'ffmpeg', phase: 'encode', exitCode: 0, command: expect.stringMatching(/^ffmpeg .*\.mp4$/) },
    ...PHASES.slice(4).map((phase) => ({ what: 'phase', attempt: 1, phase })),
    { what: 'completed' },
    { what: 'callback', status: 'delivered', httpStatus: 200, nextTryInMs: null },
  ]);
  const callback = history.at(-1);
  expect(callback?.what === 'callback' && callback.durationMs).toBeGreaterThan(0);
  await expectNoPaths(history);
});

test('one that fails has each of its attempts, what FFmpeg said, and why it is over', async () => {
  const does = 'echo "$PWD/frame.png: cannot go on, $HOME" >&2; exit 3';
  await tools.misbehave('ffmpeg', { when: 'libx264', does });
  const { jobId, history } = await convert('broken');
  await tools.behave('ffmpeg');
  const ran = { what: 'tool', phase: 'encode', exitCode: 3, stderr: './frame.png: cannot go on, .' };
  const error = { code: 'ENCODE_FAILED', phase: 'encode', message: expect.stringContaining('cannot go on') };
  expect(history.filter(({ what }) => what !== 'phase')).toMatchObject([
    ...[{ what: 'accepted' }, { what: 'attempt', attempt: 1 }],
    ...[
      { ...ran, attempt: 1 },
      { what: 'attempt-failed', attempt: 1, ...error },
      { what: 'attempt', attempt: 2 },
    ],
    ...[
      { ...ran, attempt: 2 },
      { what: 'failed', ...error },
    ],
    { what: 'callback', status: 'delivered', httpStatus: 200 },
  ]);
  await expectNoPaths(history);
  const activity = (await loadActivity(redis, 500)).filter((entry) => entry.jobId === jobId);
  expect(activity.toReversed()).toMatchObject([
    ...[{ what: 'accepted', kind: 'tape', slug: 'broken', code: null }, { what: 'attempt' }],
    ...[{ what: 'attempt-failed', code: 'ENCODE_FAILED' }, { what: 'attempt' }],
    { what: 'failed', code: 'ENCODE_FAILED' },
  ]);
});

test('a run is reported without the place where it ran, and without what guards it', async () => {
  const reports: ToolReport[] = [];
  const temp = await createTempDir('reported');
  const found = await findMediaTools({
    ffmpegPath: 'ffmpeg',
    ffprobePath: 'ffprobe',
    workDir: temp.dir,
    memoryBytes: 1e9,
  });
  const run = { cwd: temp.dir, signal: AbortSignal.timeout(10_000), timeoutMs: 10_000 };
  const args = ['-i', `file:${join(temp.dir, 'no.mp4')}`];
  await expect(runFfmpeg({ ...found, onRun: (report) => reports.push(report) }, { ...run, args })).rejects.toThrow();
  await temp.remove();
  expect(reports).toMatchObject([{ tool: 'ffmpeg', args: ['-i', 'file:./no.mp4'], isEncode: false }]);
  expect(JSON.stringify(reports)).not.toContain(temp.dir);
});
