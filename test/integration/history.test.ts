import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parseConvertRequest, type HistoryEntry, type ToolRunReport } from '@tapedeck/contracts';
import {
  beginAttempt,
  cancelJob,
  changePriority,
  handBack,
  hideJob,
  loadActivity,
  loadHistory,
  loadOutboxEntry,
  loadRecord,
  noteToolRun,
  reconcileJobs,
  recordCallbackTry,
  releaseForRetry,
  removeEndedJob,
  removeHiddenJob,
  replayCallback,
  reportProgress,
  retryJob,
  settleAttempt,
  showJob,
  submitJob,
  type Attempt,
  type CallbackTry,
  type Redis,
} from '@tapedeck/jobs';
import { findStrayHistories } from '../support/indexes.ts';
import { startTestBackend, type TestBackend } from '../support/test-backend.ts';

let backend: TestBackend;
let redis: Redis;
beforeAll(async () => {
  backend = await startTestBackend();
  ({ redis } = backend);
});
afterAll(() => backend.stop());
beforeEach(() => redis.flushall());

const ERROR = { code: 'ENCODE_FAILED', message: 'no', phase: 'encode' } as const;
const RUN: ToolRunReport = {
  ...{ tool: 'ffmpeg', phase: 'encode', command: 'ffmpeg -i a', exitCode: 1, signal: null },
  ...{ timedOut: false, stalled: false, durationMs: 12, stderr: 'it said' },
};

async function submit(name = 'one'): Promise<string> {
  const parsed = parseConvertRequest({
    ...{ mongoId: `ref-${name}`, bucket: 'tapes', slug: name, zipUrl: `https://a.example/${name}.zip` },
    callbackUrl: 'https://b.example/',
  });
  if (!parsed.ok) throw new Error(parsed.issues[0].message);
  const submission = { caller: 'tests', outputName: `${name}.mp4`, idempotencyKey: undefined, maxAttempts: 3 };
  return (await submitJob(backend, { request: parsed.request, ...submission })).jobId;
}

const load = async (jobId: string) => (await loadRecord(redis, jobId))!;
const begin = async (jobId: string, run = 1) => (await beginAttempt(redis, { jobId, run }, 'worker-1'))!;
const fail = (attempt: Attempt) => settleAttempt(redis, attempt, { status: 'failed', error: ERROR });
const history = (jobId: string) => loadHistory(redis, jobId);
const whats = (entries: readonly { what: string }[]): string[] => entries.map(({ what }) => what);

async function tell(jobId: string, outcome: CallbackTry, round = 1): Promise<void> {
  const entry = await loadOutboxEntry(backend, { jobId, eventId: (await load(jobId)).eventId!, round });
  await recordCallbackTry(redis, entry!, outcome);
}

/** A job that has ended, its callback delivered. */
async function endedJob(name: string): Promise<string> {
  const jobId = await submit(name);
  await fail(await begin(jobId));
  await tell(jobId, { status: 'delivered', httpStatus: 200 });
  return jobId;
}

describe('the history of a job', () => {
  test('has each thing that happened to it, in its order, through all its runs', async () => {
    const beforeMs = Date.now();
    const jobId = await submit();
    for (const priority of ['high', 'high'] as const) await changePriority(backend, await load(jobId), priority);
    const first = await begin(jobId);
    await reportProgress(redis, first, { phase: 'download', progress: 0 });
    await reportProgress(redis, first, { progress: 7 });
    await noteToolRun(redis, first, RUN);
    await releaseForRetry(redis, first, ERROR);
    await handBack(redis, await begin(jobId));
    await fail(await begin(jobId));
    await tell(jobId, { status: 'pending', httpStatus: 503, durationMs: 31, nextTryInMs: 5_000 });
    await tell(jobId, { status: 'exhausted', httpStatus: undefined, durationMs: 9 });
    await replayCallback(backend, await load(jobId));
    await tell(jobId, { status: 'delivered', httpStatus: 200 }, 2);
    await retryJob(backend, await load(jobId));
    await begin(jobId, 2);
    await cancelJob(backend, await load(jobId), 0);
    const entries = await history(jobId);
    const attempt = (number: number) => ({ what: 'attempt', attempt: number, workerId: 'worker-1' });
    const tried = { what: 'callback', httpStatus: null, nextTryInMs: null };
    expect(entries.map(({ atMs: _atMs, ...happening }) => happening)).toEqual([
      { what: 'accepted' },
      { what: 'priority', priority: 'high' },
      attempt(1),
      { what: 'phase', attempt: 1, phase: 'download' },
      { what: 'tool', attempt: 1, ...RUN },
      { what: 'attempt-failed', attempt: 1, ...ERROR },
      ...[attempt(2), { what: 'handed-back' }],
      ...[attempt(2), { what: 'failed', ...ERROR }],
      { ...tried, status: 'pending', httpStatus: 503, durationMs: 31, nextTryInMs: 5_000 },
      { ...tried, status: 'exhausted', durationMs: 9 },
      { what: 'callback-resent' },
      { ...tried, status: 'delivered', httpStatus: 200, durationMs: 0 },
      { what: 'retried' },
      ...[attempt(1), { what: 'cancel-requested' }],
    ]);
    const times = entries.map(({ atMs }) => atMs);
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
    expect(times[0]).toBeGreaterThanOrEqual(beforeMs);
    expect(times.at(-1)).toBeLessThanOrEqual(Date.now());
  });

  test('says once that somebody wants it to stop, and of one that waits only that it is canceled', async () => {
    const [running, waiting] = [await submit('running'), await submit('waiting')];
    await begin(running);
    for (const jobId of [running, running, waiting]) await cancelJob(backend, await load(jobId), 0);
    expect(whats(await history(running))).toEqual(['accepted', 'attempt', 'cancel-requested']);
    expect(whats(await history(waiting))).toEqual(['accepted', 'canceled']);
  });

  test('says that it was put back, because it was stuck or its entry was gone', async () => {
    const [stuck, vanished] = [await submit('stuck'), await submit('vanished')];
    await begin(stuck);
    await backend.queues.removeConversion({ jobId: vanished, run: 1 });
    for (const jobId of [stuck, vanished]) await redis.zadd('tapedeck:alive', 1, jobId);
    await reconcileJobs(backend, { quietMs: 1_000, stuckAfterMs: 2_000 });
    // The one begins a new run, the other goes on with its own.
    expect((await history(stuck)).at(-1)).toMatchObject({ what: 'put-back', run: 2 });
    expect((await history(vanished)).at(-1)).toMatchObject({ what: 'put-back', run: 1 });
  });

  test('does not begin anew for a job that is deleted while it is put back', async () => {
    const jobId = await submit();
    await redis.zadd('tapedeck:alive', 1, jobId);
    const queues = { ...backend.queues, hasConversion: () => redis.del(`tapedeck:job:${jobId}`).then(() => false) };
    await redis.del(`tapedeck:history:${jobId}`);
    await reconcileJobs({ ...backend, queues }, { quietMs: 1_000, stuckAfterMs: 2_000 });
    expect(await history(jobId)).toEqual([]);
  });

  test('hears nothing of an attempt that lost its job', async () => {
    const jobId = await submit();
    const [lost] = [await begin(jobId), await begin(jobId)];
    const before = await history(jobId);
    await noteToolRun(redis, lost, RUN);
    await reportProgress(redis, lost, { phase: 'encode' });
    await releaseForRetry(redis, lost, ERROR);
    await fail(lost);
    expect(await history(jobId)).toEqual(before);
  });

  test('takes whatever a program has said, also half a character', async () => {
    const jobId = await submit();
    const stderr = `${'😀'.slice(1)} "code":"X" \0\n\\`;
    await noteToolRun(redis, await begin(jobId), { ...RUN, stderr });
    expect((await history(jobId)).at(-1)).toMatchObject({ stderr: stderr.toWellFormed() });
  });

  test('keeps the last 200 lines, and leaves out what it cannot read', async () => {
    const jobId = await submit();
    const attempt = await begin(jobId);
    for (let index = 0; index < 250; index += 1) await noteToolRun(redis, attempt, { ...RUN, durationMs: index });
    const lastMs = (entries: readonly HistoryEntry[]) =>
      entries.map((entry) => (entry.what === 'tool' ? entry.durationMs : -1));
    expect(lastMs(await history(jobId))).toEqual(Array.from({ length: 200 }, (_, index) => 50 + index));
    await redis.lset(`tapedeck:history:${jobId}`, 0, '{"atMs":1,"what":"of a later version"}');
    await redis.lset(`tapedeck:history:${jobId}`, 1, 'no JSON');
    expect(lastMs(await history(jobId))).toEqual(Array.from({ length: 198 }, (_, index) => 52 + index));
  });

  test('is gone with its record, however that goes', async () => {
    const [deleted, old] = [await endedJob('deleted'), await endedJob('old')];
    const told = await submit('told');
    await fail(await begin(told));
    for (const jobId of [deleted, told]) {
      await hideJob(redis, jobId);
      await removeHiddenJob(redis, jobId);
    }
    expect(whats(await history(told))).toEqual(['accepted', 'attempt', 'failed']);
    await tell(told, { status: 'delivered', httpStatus: 200 });
    expect(await removeEndedJob(redis, old, Date.now() + 1)).toBe(true);
    expect(await redis.keys('tapedeck:job:*')).toEqual([]);
    expect(await findStrayHistories(redis)).toEqual([]);
    for (const jobId of [deleted, old, told]) expect(await history(jobId)).toEqual([]);
  });
});

describe('the recent activity', () => {
  test('has what is salient of all jobs, the newest first, and outlives them', async () => {
    const [one, two] = [await submit('one'), await submit('two')];
    const attempt = await begin(one);
    await reportProgress(redis, attempt, { phase: 'encode' });
    await noteToolRun(redis, attempt, RUN);
    await releaseForRetry(redis, attempt, ERROR);
    await fail(await begin(one));
    await cancelJob(backend, await load(two), 0);
    await tell(one, { status: 'exhausted', httpStatus: 400 });
    await hideJob(redis, one);
    await removeHiddenJob(redis, one);
    const about = (jobId: string, name: string) => (what: string, code: string | null) => ({
      ...{ jobId, kind: 'tape', reference: `ref-${name}`, slug: name, atMs: expect.any(Number) },
      ...{ what, code },
    });
    const [ofOne, ofTwo] = [about(one, 'one'), about(two, 'two')];
    const expected = [
      ...[ofOne('accepted', null), ofTwo('accepted', null), ofOne('attempt', null)],
      ...[ofOne('attempt-failed', 'ENCODE_FAILED'), ofOne('attempt', null), ofOne('failed', 'ENCODE_FAILED')],
      ...[ofTwo('canceled', null), ofOne('callback-exhausted', null), ofOne('deleted', null)],
    ].toReversed();
    expect(await loadActivity(redis, 100)).toEqual(expected);
    expect(await loadActivity(redis, 2)).toEqual(expected.slice(0, 2));
    expect(await loadActivity(redis, 0)).toEqual([]);
  });

  test('tells of a deletion once, and of none that was taken back', async () => {
    const [deleted, kept] = [await endedJob('deleted'), await endedJob('kept')];
    const told = await submit('told');
    await fail(await begin(told));
    await hideJob(redis, kept);
    await showJob(redis, kept);
    for (const jobId of [deleted, told]) {
      await hideJob(redis, jobId);
      await removeHiddenJob(redis, jobId);
      await removeHiddenJob(redis, jobId);
    }
    await tell(told, { status: 'delivered', httpStatus: 200 });
    const deletions = (await loadActivity(redis, 500)).filter(({ what }) => what === 'deleted');
    expect(deletions.map(({ jobId }) => jobId)).toEqual([told, deleted]);
  });

  test('has 500 lines', async () => {
    const attempt = await begin(await submit());
    await redis.rpush('tapedeck:activity', ...Array<string>(600).fill('{}'));
    await releaseForRetry(redis, attempt, ERROR);
    expect(await redis.llen('tapedeck:activity')).toBe(500);
    expect(whats(await loadActivity(redis, 500))).toEqual(['attempt-failed', 'attempt', 'accepted']);
  });
});
