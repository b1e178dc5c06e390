import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseConvertRequest, type ConvertRequest } from '@tapedeck/contracts';
import {
  beginAttempt,
  cancelJob,
  publishInTurn,
  loadPublisher,
  claimChore,
  connectRedis,
  hideJob,
  openQueues,
  loadOutboxEntry,
  loadRecord,
  reconcileJobs,
  recordCallbackTry,
  releaseForRetry,
  removeHiddenJob,
  replayCallback,
  reportProgress,
  retryJob,
  settleAttempt,
  showAbandoned,
  submitJob,
  sweepOutbox,
  sweepUnqueued,
  takeTurn,
  waitForRedis,
  type JobRecord,
  type Queues,
  type Redis,
} from '@tapedeck/jobs';
import { deriveIndexes, loadIndexes } from '../support/indexes.ts';
import { poll } from '../support/poll.ts';
import { startRedisGate } from '../support/redis-gate.ts';
import { startTestBackend, type TestBackend } from '../support/test-backend.ts';

let backend: TestBackend;
let redis: Redis;
let queues: Queues;
beforeAll(async () => {
  backend = await startTestBackend();
  ({ redis, queues } = backend);
});
afterAll(() => backend.stop());
beforeEach(() => redis.flushall());
// Whatever a test has done: no script may forget to list what it has changed.
afterEach(async () => expect(await loadIndexes(redis)).toEqual(await deriveIndexes(redis)));

function buildRequest(changes: object = {}): ConvertRequest {
  const parsed = parseConvertRequest({
    ...{ mongoId: 'one', bucket: 'tapes', slug: 'one', zipUrl: 'https://a.example/a.zip' },
    callbackUrl: 'https://b.example/',
    ...changes,
  });
  if (!parsed.ok) throw new Error(parsed.issues[0].message);
  return parsed.request;
}

const submit = (through: Queues = queues, changes: object = {}) =>
  submitJob(
    { ...backend, queues: through },
    {
      ...{
        request: buildRequest(changes),
        caller: 'tests',
        outputName: 'one.mp4',
        idempotencyKey: undefined,
        maxAttempts: 3,
      },
    },
  );

/** A process that dies between the two steps of a submit, or of a settle. */
const dying: () => Queues = () => ({
  ...queues,
  addConversion: async () => Promise.reject(new Error('killed')),
  addCallback: async () => Promise.reject(new Error('killed')),
});

describe('a submit that dies before its queue entry', () => {
  test('is queued by the sweep', async () => {
    await expect(submit(dying())).rejects.toThrow('killed');
    expect(await sweepUnqueued(backend, 60_000)).toBe(0);
    expect(await sweepUnqueued(backend, 0)).toBe(1);
    const { jobId, outcome } = await submit();
    expect(outcome).toBe('duplicate');
    expect(await queues.positionOf({ jobId, run: 1 })).toBe(1);
  });

  test('is queued by the same request, sent again', async () => {
    await expect(submit(dying())).rejects.toThrow('killed');
    const { jobId, outcome } = await submit();
    expect(outcome).toBe('duplicate');
    expect(await queues.positionOf({ jobId, run: 1 })).toBe(1);
    expect(await sweepUnqueued(backend, 0)).toBe(0);
  });
});

describe('an attempt', () => {
  test('that lost its job can change nothing', async () => {
    const { jobId } = await submit();
    const first = (await beginAttempt(redis, { jobId, run: 1 }))!;
    const second = (await beginAttempt(redis, { jobId, run: 1 }))!;
    expect([first.number, second.number]).toEqual([1, 2]);
    expect(await reportProgress(redis, first, { progress: 50 })).toBe('lost');
    expect(await settleAttempt(redis, first, { status: 'canceled' })).toEqual({ result: 'fenced' });
    await releaseForRetry(redis, first, { code: 'ENCODE_FAILED', message: 'x', phase: null });
    expect(await loadRecord(redis, jobId)).toMatchObject({ status: 'processing', progress: 0, holder: second.token });
    expect(await reportProgress(redis, second, { progress: 50 })).toBe('written');
  });

  test('settles once; afterwards there is nothing to begin', async () => {
    const { jobId } = await submit();
    const attempt = (await beginAttempt(redis, { jobId, run: 1 }))!;
    expect(await settleAttempt(redis, attempt, { status: 'canceled' })).toMatchObject({ result: 'settled' });
    expect(await settleAttempt(redis, attempt, { status: 'canceled' })).toEqual({ result: 'ended' });
    expect(await beginAttempt(redis, { jobId, run: 1 })).toBeUndefined();
    expect((await submit()).outcome).toBe('accepted');
  });
});

describe('an event whose process died before it was queued', () => {
  const settleWithoutQueueing = async (changes: object = {}) => {
    const { jobId } = await submit(queues, changes);
    const settled = await settleAttempt(redis, (await beginAttempt(redis, { jobId, run: 1 }))!, { status: 'canceled' });
    if (settled.result !== 'settled') throw new Error(settled.result);
    return settled.callback;
  };
  const queued = () => redis.exists('tapedeck:queue:callbacks:wait');

  test('is queued by the sweep, once', async () => {
    await settleWithoutQueueing();
    expect(await queued()).toBe(0);
    await sweepOutbox(backend);
    await sweepOutbox(backend);
    expect(await redis.llen('tapedeck:queue:callbacks:wait')).toBe(1);
  });

  test('is found behind a record that nobody can read', async () => {
    const { jobId } = await settleWithoutQueueing();
    await redis.hset(`tapedeck:job:${jobId}`, 'request', 'of a later version');
    await settleWithoutQueueing({ mongoId: 'two' });
    await sweepOutbox(backend);
    expect(await redis.llen('tapedeck:queue:callbacks:wait')).toBe(1);
  });

  test('leaves the outbox when it is delivered or given up', async () => {
    for (const status of ['delivered', 'exhausted'] as const) {
      const callback = await settleWithoutQueueing({ mongoId: status });
      const entry = (await loadOutboxEntry(backend, callback))!;
      await recordCallbackTry(redis, entry, { status: 'pending', httpStatus: 500 });
      expect(await loadOutboxEntry(backend, callback)).toMatchObject({ tries: 1, body: entry.body });
      await recordCallbackTry(redis, entry, { status, httpStatus: 200 });
      expect(await loadOutboxEntry(backend, callback)).toBeUndefined();
    }
    expect(await sweepOutbox(backend)).toBe(0);
  });
});

describe('a new run', () => {
  const cancelWaiting = async () => {
    const { jobId } = await submit();
    expect(await cancelJob(backend, (await loadRecord(redis, jobId))!, 0)).toBe('canceled');
    return (await loadRecord(redis, jobId))!;
  };

  test('has an entry of its own: the last one’s may still be in a worker’s hands, and goes later', async () => {
    const record = await cancelWaiting();
    await queues.addConversion({ jobId: record.jobId, run: 1 }, record.request);
    expect(await retryJob(backend, record)).toBe('requeued');
    await queues.removeConversion({ jobId: record.jobId, run: 1 });
    expect(await queues.positionOf({ jobId: record.jobId, run: 2 })).toBe(1);
    expect(await beginAttempt(redis, { jobId: record.jobId, run: 1 })).toBeUndefined();
    expect(await beginAttempt(redis, { jobId: record.jobId, run: 2 })).toMatchObject({ number: 1 });
  });

  test('that died before its queue entry is queued by the next retry', async () => {
    const record = await cancelWaiting();
    await expect(retryJob({ ...backend, queues: dying() }, record)).rejects.toThrow('killed');
    expect(await retryJob(backend, record)).toBe('alive');
    expect(await queues.positionOf({ jobId: record.jobId, run: 2 })).toBe(1);
  });

  test('knows nothing of the last', async () => {
    const { jobId } = await submit();
    const attempt = (await beginAttempt(redis, { jobId, run: 1 }))!;
    await reportProgress(redis, attempt, { phase: 'encode', progress: 50, plan: { size: 1 } });
    const error = { code: 'ENCODE_FAILED', message: 'no', phase: 'encode' } as const;
    await settleAttempt(redis, attempt, { status: 'failed', error });
    await retryJob(backend, (await loadRecord(redis, jobId))!);
    const { createdAtMs, ...record } = (await loadRecord(redis, jobId))!;
    expect(createdAtMs).toBeGreaterThan(0);
    expect(record).toMatchObject({ status: 'queued', attempt: 0, progress: 0, run: 2, callbackStatus: 'pending' });
    for (const field of [
      'startedAtMs',
      'finishedAtMs',
      'error',
      'phase',
      'plan',
      'eventId',
      'holder',
      'callbackBody',
    ]) {
      expect(record).not.toHaveProperty(field);
    }
  });
});

describe('a job that is being', () => {
  test('deleted cannot be retried, nor its event sent anew', async () => {
    const { jobId } = await submit();
    await cancelJob(backend, (await loadRecord(redis, jobId))!, 0);
    const record = (await loadRecord(redis, jobId))!;
    await hideJob(redis, jobId);
    expect(await retryJob(backend, record)).toBe('gone');
    expect(await replayCallback(backend, record)).toBe(false);
  });

  test('canceled cannot be retried yet, and the same request makes a new one', async () => {
    const { jobId } = await submit();
    await beginAttempt(redis, { jobId, run: 1 });
    const record = (await loadRecord(redis, jobId))!;
    expect(await cancelJob(backend, record, 0)).toBe('requested');
    expect(await retryJob(backend, record)).toBe('canceling');
    expect(await submit()).toMatchObject({ outcome: 'accepted' });
  });
});

describe('an event that is sent anew', () => {
  test('has an entry of its own, and the last one’s tries are over', async () => {
    const { jobId } = await submit();
    const settled = await settleAttempt(redis, (await beginAttempt(redis, { jobId, run: 1 }))!, { status: 'canceled' });
    if (settled.result !== 'settled') throw new Error(settled.result);
    const { callback } = settled;
    await queues.addCallback(callback, 60_000);
    expect(await replayCallback(backend, (await loadRecord(redis, jobId))!)).toBe(true);
    expect(await redis.llen('tapedeck:queue:callbacks:wait')).toBe(1);
    expect(await loadOutboxEntry(backend, callback)).toBeUndefined();
    const anew = (await loadOutboxEntry(backend, { ...callback, round: 2 }))!;
    await recordCallbackTry(redis, { ...anew, round: 1 }, { status: 'exhausted', httpStatus: 500 });
    expect(await loadOutboxEntry(backend, { ...callback, round: 2 })).toMatchObject({ tries: 0 });
  });

  test('of a deleted job is delivered before the job is gone', async () => {
    const { jobId } = await submit();
    const settled = await settleAttempt(redis, (await beginAttempt(redis, { jobId, run: 1 }))!, { status: 'canceled' });
    if (settled.result !== 'settled') throw new Error(settled.result);
    expect(await hideJob(redis, jobId)).toBe('hidden');
    await removeHiddenJob(redis, jobId);
    const entry = (await loadOutboxEntry(backend, settled.callback))!;
    await recordCallbackTry(redis, entry, { status: 'pending', httpStatus: 500 });
    expect((await loadRecord(redis, jobId))?.deletedAtMs).toBeDefined();
    await recordCallbackTry(redis, entry, { status: 'delivered', httpStatus: 200 });
    expect(await loadRecord(redis, jobId)).toBeUndefined();
    expect(await hideJob(redis, jobId)).toBe('gone');
  });

  test('of a job that lives cannot be deleted with it', async () => {
    expect(await hideJob(redis, (await submit()).jobId)).toBe('alive');
  });
});

describe('a deletion that nobody ended', () => {
  test('is over after a while: the job is there again, and can be deleted', async () => {
    const { jobId } = await submit();
    await cancelJob(backend, (await loadRecord(redis, jobId))!, 0);
    await hideJob(redis, jobId);
    expect(await showAbandoned(redis, 60_000)).toEqual([]);
    expect((await loadRecord(redis, jobId))?.deletedAtMs).toBeDefined();
    expect(await showAbandoned(redis, 0)).toEqual([jobId]);
    expect((await loadRecord(redis, jobId))?.deletedAtMs).toBeUndefined();
    expect(await showAbandoned(redis, 0)).toEqual([]);
    expect(await hideJob(redis, jobId)).toBe('hidden');
  });

  test('is not one that waits for its event to be delivered', async () => {
    const { jobId } = await submit();
    await settleAttempt(redis, (await beginAttempt(redis, { jobId, run: 1 }))!, { status: 'canceled' });
    await hideJob(redis, jobId);
    await removeHiddenJob(redis, jobId);
    expect(await showAbandoned(redis, 0)).toEqual([]);
    expect((await loadRecord(redis, jobId))?.deletedAtMs).toBeDefined();
  });
});

describe('a job that nobody works on', () => {
  const limits = { quietMs: 60_000, stuckAfterMs: 3_600_000 };
  /** Its last news were so long ago. */
  const age = (jobId: string, ms: number) => redis.zadd('tapedeck:alive', Date.now() - ms, jobId);
  const reconcile = () => reconcileJobs(backend, limits);

  test('because its entry vanished is queued again, once, and not before it is quiet', async () => {
    const { jobId } = await submit();
    await queues.removeConversion({ jobId, run: 1 });
    expect(await reconcile()).toEqual([]);
    await age(jobId, 61_000);
    expect(await reconcile()).toEqual([jobId]);
    expect(await queues.positionOf({ jobId, run: 1 })).toBe(1);
    expect(await reconcile()).toEqual([]);
  });

  test('is not one that waits where it should, however long', async () => {
    const { jobId } = await submit();
    await age(jobId, 24 * 3_600_000);
    expect(await reconcile()).toEqual([]);
    // It was looked at: next time others have their turn.
    expect(Number(await redis.zscore('tapedeck:alive', jobId))).toBeGreaterThan(Date.now() - 5_000);
  });

  test('is found behind any number of jobs that stay where they are', async () => {
    for (let index = 0; index < 600; index += 1) {
      await redis.hset(`tapedeck:job:tape_unreadable${index}`, 'version', 1);
      await age(`tape_unreadable${index}`, 70_000);
    }
    const { jobId } = await submit();
    await queues.removeConversion({ jobId, run: 1 });
    await age(jobId, 61_000);
    expect(await reconcile()).toEqual([jobId]);
    expect(await redis.zcard('tapedeck:alive')).toBe(601);
    await redis.del(...(await redis.keys('tapedeck:job:tape_unreadable*')));
  });

  test('because its worker does nothing is taken from it, and the attempt counts', async () => {
    const { jobId } = await submit();
    const stuck = (await beginAttempt(redis, { jobId, run: 1 }))!;
    await age(jobId, 3_000_000);
    expect(await reconcile()).toEqual([]);
    await age(jobId, 3_700_000);
    expect(await reconcile()).toEqual([jobId]);
    expect(await reportProgress(redis, stuck, { progress: 50 })).toBe('lost');
    expect(await beginAttempt(redis, { jobId, run: 1 })).toBeUndefined();
    expect(await queues.positionOf({ jobId, run: 2 })).not.toBeNull();
    expect(await beginAttempt(redis, { jobId, run: 2 })).toMatchObject({ number: 2 });
  });

  test('has news with every report', async () => {
    const { jobId } = await submit();
    const attempt = (await beginAttempt(redis, { jobId, run: 1 }))!;
    await age(jobId, 3_700_000);
    await reportProgress(redis, attempt, { progress: 50 });
    expect(await reconcile()).toEqual([]);
  });

  test('is forgotten when it has ended, or is gone', async () => {
    const { jobId } = await submit();
    await settleAttempt(redis, (await beginAttempt(redis, { jobId, run: 1 }))!, { status: 'canceled' });
    expect(await redis.exists('tapedeck:alive')).toBe(0);
    await age('tape_gone', 61_000);
    expect(await reconcile()).toEqual([]);
    expect(await redis.exists('tapedeck:alive')).toBe(0);
  });
});

describe('turns at a slug', () => {
  const slug = { bucket: 'media', place: 'a/b' };
  const never = new AbortController().signal;

  test('no two publications replace the same objects at once', async () => {
    let inside = 0;
    let most = 0;
    const publish = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((done) => setTimeout(done, 50));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => takeTurn(redis, slug, never, publish)));
    expect(most).toBe(1);
  });

  test('who takes long keeps the turn', async () => {
    const order: string[] = [];
    const slow = takeTurn(redis, slug, never, () => sleep(1_000).then(() => order.push('slow')), { heldMs: 300 });
    await sleep(50);
    await takeTurn(redis, slug, never, async () => void order.push('next'), { heldMs: 300 });
    await slow;
    expect(order).toEqual(['slow', 'next']);
  });

  test('who died is waited for no longer than a turn is held', async () => {
    await redis.set('tapedeck:turn:media/a/b', 'of somebody dead', 'PX', 300);
    const startedAt = performance.now();
    await takeTurn(redis, slug, never, async () => undefined, { heldMs: 300 });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test('who died leaves the turn to the next attempt of its job at once, and to no other', async () => {
    await redis.set(`tapedeck:turn:${slug.bucket}/${slug.place}`, 'job another-token', 'PX', 60_000);
    const other = takeTurn(redis, slug, AbortSignal.timeout(300), async () => undefined, { owner: 'jo' });
    await expect(other).rejects.toThrow();
    expect(await takeTurn(redis, slug, AbortSignal.timeout(300), async () => 'taken', { owner: 'job' })).toBe('taken');
  });

  test('who fails after a dead attempt of the same job gives the place back to whom it was', async () => {
    const begin = async (outputName: string, reference: string): Promise<JobRecord> => {
      const { jobId } = await submit(queues, { mongoId: reference, slug: reference });
      return { ...(await loadRecord(redis, jobId))!, outputName };
    };
    const [owner, dying] = [await begin('place', 'first'), await begin('place', 'second')];
    await publishInTurn(redis, owner, never, async () => undefined);
    const death: PromiseWithResolvers<never> = Promise.withResolvers();
    const die = publishInTurn(redis, dying, never, () => death.promise);
    die.catch(() => undefined);
    await poll('it to have the place', async () =>
      (await loadPublisher(redis, 'tapes', 'place')) === dying.jobId ? true : undefined,
    );
    await expect(publishInTurn(redis, dying, never, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await loadPublisher(redis, 'tapes', 'place')).toBe(owner.jobId);
    death.reject(new Error('at last'));
    await expect(die).rejects.toThrow('at last');
    expect(await loadPublisher(redis, 'tapes', 'place')).toBe(owner.jobId);
  });

  test('another slug need not wait', async () => {
    const order: string[] = [];
    await takeTurn(redis, slug, never, async () => {
      await takeTurn(redis, { ...slug, place: 'a' }, never, async () => void order.push('other'));
      order.push('first');
    });
    expect(order).toEqual(['other', 'first']);
  });

  test('a failure gives the turn back, and an abort ends the wait for it', async () => {
    const fail = takeTurn(redis, slug, never, () => Promise.reject(new Error('no disk')));
    await expect(fail).rejects.toThrow('no disk');
    await takeTurn(redis, slug, never, async () => {
      const impatient = takeTurn(redis, slug, AbortSignal.timeout(300), async () => undefined);
      await expect(impatient).rejects.toMatchObject({ name: 'AbortError' });
    });
  });
});

test('queues whose first commands got no answer are opened anew, and work', async () => {
  const gate = await startRedisGate(backend.server.url);
  const slow = connectRedis(gate.url, 'fast', () => undefined);
  await waitForRedis(slow, 5_000);
  gate.closeWhen(() => true);
  const opening = openQueues(slow, 5_000);
  await gate.untilClosed();
  // Longer than any command of this connection waits.
  await sleep(1_000);
  gate.open();
  const opened = await opening;
  await expect(submit(opened)).resolves.toMatchObject({ outcome: 'accepted' });
  await opened.close();
  slow.disconnect();
  await gate.stop();
});

describe('a chore that one worker does for all', () => {
  test('is claimed by one of many, and by another when that one dies', async () => {
    const claims = await Promise.all([1, 2, 3].map(() => claimChore(redis, 'sweep', 300)));
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    await poll('another to get it', () => claimChore(redis, 'sweep', 300));
  });

  test('is kept while the work lasts, and runs out afterwards', async () => {
    const claimMs = 3_000;
    const claim = (await claimChore(redis, 'sweep', claimMs))!;
    let others = 0;
    await claim.keepWhile(async () => {
      const until = performance.now() + 1.3 * claimMs;
      await poll('the work to be done', async () => {
        if (await claimChore(redis, 'sweep', 1)) others += 1;
        return performance.now() > until ? true : undefined;
      });
    });
    expect(others).toBe(0);
    await poll('another to get it', () => claimChore(redis, 'sweep', 300));
  });

  test('is given up by who releases it, if it is still theirs', async () => {
    const claim = await claimChore(redis, 'sweep', 60_000);
    expect(await claimChore(redis, 'sweep', 300)).toBeUndefined();
    await claim!.release();
    const next = await claimChore(redis, 'sweep', 60_000);
    expect(next).toBeDefined();
    await claim!.release();
    expect(await claimChore(redis, 'sweep', 300)).toBeUndefined();
  });
});
