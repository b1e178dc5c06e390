import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobError, parseConvertRequest, type ConvertRequest } from '@tapedeck/contracts';
import {
  beginAttempt,
  cancelJob,
  closeEvent,
  connectRedis,
  createJournal,
  enqueueCallback,
  JOURNAL_KEEP_MS,
  loadHistory,
  loadOutboxEntry,
  loadPublisher,
  loadRecord,
  loadStoredBytes,
  openQueues,
  reconcileJobs,
  recordCallbackTry,
  replayCallback,
  compareWithJournal,
  retryJob,
  settleAttempt,
  submitJob,
  sweepOutbox,
  sweepUnqueued,
  tidyJournal,
  waitForRedis,
  type Backend,
  type JobRecord,
  type JournalLog,
  type Redis,
} from '@tapedeck/jobs';
import { createLocalStore, createObjectLog } from '@tapedeck/transfer';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const signal = AbortSignal.timeout(600_000);
let server: TestRedis;
let temp: TempDir;
let redis: Redis;
let backend: Backend;
let log: JournalLog;
let unjournaled: Error[];
beforeEach(async () => {
  temp = await createTempDir('journal');
  server = await startTestRedis();
  redis = connectRedis(server.url, 'patient', () => undefined);
  await waitForRedis(redis, 5_000);
  log = createObjectLog({
    store: createLocalStore({ dataDir: join(temp.dir, 'data'), publicUrl: 'http://127.0.0.1:1' }),
    ...{ prefix: '.tapedeck/journal/', bucket: undefined, buckets: undefined, appendTimeoutMs: 10_000 },
    onBucketSkipped: (error) => unjournaled.push(error),
  });
  unjournaled = [];
  backend = { redis, queues: await openQueues(redis, 5_000), journal: openJournal(log) };
  await recover();
});
afterEach(async () => {
  await backend.queues.close();
  redis.disconnect();
  await server.stop();
  await temp.remove();
});

const openJournal = (on: JournalLog) =>
  createJournal(on, { inJobBuckets: true, onUnjournaled: (_jobId, error) => unjournaled.push(error) });
const recover = () => compareWithJournal(backend, signal);

/** A log that does something else at one append. */
function withAppend(append: (bucket: string, line: string) => Promise<void>): Backend {
  return { ...backend, journal: openJournal({ ...log, append }) };
}

function buildRequest(reference: string): ConvertRequest {
  const urls = { zipUrl: 'https://a.example/a.zip', callbackUrl: 'https://b.example/' };
  const parsed = parseConvertRequest({ mongoId: reference, bucket: 'tapes', slug: reference, ...urls });
  if (!parsed.ok) throw new Error(parsed.issues[0].message);
  return parsed.request;
}

async function submit(through = backend, idempotencyKey?: string, reference: string = randomUUID()): Promise<string> {
  const submission = { caller: 'tests', outputName: reference, idempotencyKey, maxAttempts: 3 };
  return (await submitJob(through, { request: buildRequest(reference), ...submission })).jobId;
}

const load = async (jobId: string): Promise<JobRecord> => (await loadRecord(redis, jobId))!;

async function settle(jobId: string, run = 1): Promise<string> {
  const attempt = await beginAttempt(redis, { jobId, run });
  const settled = await settleAttempt(redis, attempt!, {
    status: 'failed',
    error: { code: 'ENCODE_FAILED', message: 'no', phase: 'encode' },
  });
  if (settled.result !== 'settled') throw new Error(settled.result);
  await enqueueCallback(backend, settled.callback);
  return settled.callback.eventId;
}

async function deliver(jobId: string, status: 'delivered' | 'exhausted' = 'delivered'): Promise<void> {
  const { eventId } = await load(jobId);
  const entry = await loadOutboxEntry(backend, { jobId, eventId: eventId!, round: 1 });
  const outcome = { status, httpStatus: 200 };
  await recordCallbackTry(redis, entry!, outcome);
  await closeEvent(backend, entry!, outcome);
}

describe('when Redis has lost everything', () => {
  test('what was accepted and has not ended runs again, whatever it was doing', async () => {
    const [waiting, running] = [await submit(), await submit()];
    await beginAttempt(redis, { jobId: running, run: 1 });
    const before = await load(waiting);
    await redis.flushall();
    expect(await recover()).toEqual({ accepted: 2, settled: 0 });
    expect(await load(waiting)).toMatchObject({
      ...{ jobId: waiting, request: before.request, caller: 'tests', createdAtMs: before.createdAtMs },
      ...{ status: 'queued', attempt: 0, maxAttempts: 3, run: 2 },
    });
    expect(await load(running)).toMatchObject({ status: 'queued', attempt: 0 });
    expect(await loadHistory(redis, running)).toMatchObject([{ what: 'put-back' }]);
    await sweepUnqueued(backend, 0);
    for (const jobId of [waiting, running]) {
      expect(await backend.queues.hasConversion({ jobId, run: 2 })).toBe(true);
      expect(await beginAttempt(redis, { jobId, run: 1 })).toBeUndefined();
    }
  });

  test('what has ended does not run again, and its caller hears of the same end', async () => {
    const jobId = await submit();
    const eventId = await settle(jobId);
    const { callbackBody } = await load(jobId);
    await redis.flushall();
    expect(await recover()).toEqual({ accepted: 0, settled: 1 });
    expect(await load(jobId)).toMatchObject({ status: 'failed', eventId, callbackBody, callbackStatus: 'pending' });
    expect(await backend.queues.hasConversion({ jobId, run: 1 })).toBe(false);
    expect(await sweepOutbox(backend)).toBe(1);
    expect(await redis.exists(`tapedeck:queue:callbacks:${eventId}.1`)).toBe(1);
  });

  test('what was delivered is forgotten', async () => {
    const jobId = await submit();
    await settle(jobId);
    await deliver(jobId);
    await redis.flushall();
    expect(await recover()).toEqual({ accepted: 0, settled: 0 });
    expect(await loadRecord(redis, jobId)).toBeUndefined();
  });

  test('a job that was canceled stays canceled, one that was retried runs', async () => {
    const [canceled, retried] = [await submit(), await submit()];
    await cancelJob(backend, await load(canceled), 0);
    await settle(retried);
    await deliver(retried);
    await retryJob(backend, await load(retried));
    await redis.flushall();
    expect(await recover()).toEqual({ accepted: 1, settled: 1 });
    expect(await load(canceled)).toMatchObject({ status: 'canceled' });
    expect(await load(retried)).toMatchObject({ status: 'queued', run: 3 });
  });

  test('an Idempotency-Key still leads to its job', async () => {
    const reference = randomUUID();
    const jobId = await submit(backend, 'key', reference);
    await redis.flushall();
    await recover();
    expect(await submit(backend, 'key', reference)).toBe(jobId);
  });

  test('twice, or while it is brought back, it comes back all the same', async () => {
    const jobId = await submit();
    await redis.flushall();
    const evalsha = redis.evalsha.bind(redis);
    let calls = 0;
    redis.evalsha = (async (...args: Parameters<typeof evalsha>) => {
      calls += 1;
      // The job was restored by the first, and this would be the end of the comparison.
      if (calls === 2) await redis.flushall();
      return evalsha(...args);
    }) as typeof evalsha;
    await recover();
    expect(await load(jobId)).toMatchObject({ status: 'queued' });
    expect(await recover()).toBeUndefined();
  });

  test('many who compare it at once all come to an end, with one result', async () => {
    const jobIds: string[] = [];
    for (let index = 0; index < 10; index += 1) jobIds.push(await submit());
    await redis.flushall();
    const slow = openJournal({
      ...log,
      async read(object, abort) {
        await sleep(50);
        return log.read(object, abort);
      },
    });
    const all = [0, 20, 60, 100].map(async (delayMs) => {
      await sleep(delayMs);
      return compareWithJournal({ ...backend, journal: slow }, signal);
    });
    const found = await Promise.all(all);
    expect(found.reduce((sum, one) => sum + (one?.accepted ?? 0), 0)).toBe(10);
    for (const jobId of jobIds) expect(await load(jobId)).toMatchObject({ status: 'queued', run: 2 });
  });

  test('an object that goes between list and read is read where its lines are then', async () => {
    for (let index = 0; index < 25; index += 1) await submit();
    await redis.flushall();
    let isMerged = false;
    const read: JournalLog['read'] = async (object, abort) => {
      if (!isMerged) await log.merge(await Array.fromAsync(log.list(signal)), signal);
      isMerged = true;
      return log.read(object, abort);
    };
    const merging = { ...backend, journal: openJournal({ ...log, read }) };
    await expect(compareWithJournal(merging, signal)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await compareWithJournal(merging, signal)).toEqual({ accepted: 25, settled: 0 });
  });

  test('whose result lies at a place is known again', async () => {
    const jobId = await submit(backend, undefined, 'place');
    const attempt = await beginAttempt(redis, { jobId, run: 1 });
    const output = { mp4Url: 'https://a.example/a.mp4', duration: 1, size: 1, resolution: [2, 2] as [number, number] };
    const settled = await settleAttempt(redis, attempt!, { status: 'completed', output });
    if (settled.result !== 'settled') throw new Error(settled.result);
    await enqueueCallback(backend, settled.callback);
    expect(await loadStoredBytes(redis)).toBe(1);
    await redis.flushall();
    await recover();
    expect(await loadPublisher(redis, 'tapes', 'place')).toBe(jobId);
    await recover();
    expect(await loadStoredBytes(redis)).toBe(1);
  });

  test('an end that was exhausted is there again, to be sent by hand', async () => {
    const jobId = await submit();
    const eventId = await settle(jobId);
    await deliver(jobId, 'exhausted');
    await redis.flushall();
    expect(await recover()).toEqual({ accepted: 0, settled: 1 });
    expect(await load(jobId)).toMatchObject({ status: 'failed', eventId, callbackStatus: 'exhausted' });
    expect(await replayCallback(backend, await load(jobId))).toBe(true);
  });

  test('a journal that cannot be read is tried again, and nothing counts as compared meanwhile', async () => {
    const jobId = await submit();
    await redis.flushall();
    const read = () => Promise.reject(new JobError('STORAGE_UNAVAILABLE'));
    const away = { ...backend, journal: openJournal({ ...log, read }) };
    await expect(compareWithJournal(away, signal)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await recover()).toEqual({ accepted: 1, settled: 0 });
    expect(await load(jobId)).toMatchObject({ status: 'queued' });
  });
});

describe('when Redis has come back with old data', () => {
  /** As it was before `work`. */
  async function rollBack(work: () => Promise<void>): Promise<void> {
    await redis.save();
    await work();
    await server.kill();
    await server.start();
    await redis.ping();
  }

  test('what was accepted since then runs, and what has ended since then does not', async () => {
    const [settled, delivered] = [await submit(), await submit()];
    let accepted = '';
    let eventId = '';
    await rollBack(async () => {
      accepted = await submit();
      eventId = await settle(settled);
      await settle(delivered);
      await deliver(delivered);
    });
    expect(await load(delivered)).toMatchObject({ status: 'queued' });
    expect(await recover()).toEqual({ accepted: 1, settled: 2 });
    expect(await load(accepted)).toMatchObject({ status: 'queued' });
    expect(await load(settled)).toMatchObject({ status: 'failed', eventId, callbackStatus: 'pending' });
    expect(await load(delivered)).toMatchObject({ status: 'failed', callbackStatus: 'delivered' });
    for (const jobId of [settled, delivered]) expect(await beginAttempt(redis, { jobId, run: 1 })).toBeUndefined();
    expect(await sweepOutbox(backend)).toBe(1);
  });

  test('an end that nobody has heard of gives way to the one that was told', async () => {
    const jobId = await submit();
    let eventId = '';
    await rollBack(async () => {
      eventId = await settle(jobId);
      await deliver(jobId);
    });
    // Somebody cancels it there before it is compared: that can be settled, but not told.
    await expect(cancelJob(backend, await load(jobId), 0)).rejects.toThrow('not been compared');
    expect(await load(jobId)).toMatchObject({ status: 'canceled' });
    await recover();
    expect(await load(jobId)).toMatchObject({ status: 'failed', eventId, callbackStatus: 'delivered' });
    expect(await sweepOutbox(backend)).toBe(0);
  });

  test('an earlier run that lives there gives way to the one that was accepted since then', async () => {
    const jobId = await submit();
    await rollBack(async () => {
      await settle(jobId);
      await deliver(jobId);
      await retryJob(backend, await load(jobId));
    });
    expect(await load(jobId)).toMatchObject({ status: 'queued', run: 1 });
    expect(await recover()).toEqual({ accepted: 1, settled: 0 });
    expect(await load(jobId)).toMatchObject({ status: 'queued', run: 3 });
    // What Redis had said of that run may be half of it.
    expect(await loadHistory(redis, jobId)).toMatchObject([{ what: 'put-back' }]);
    await sweepUnqueued(backend, 0);
    await settle(jobId, 3);
    await deliver(jobId);
    // A restart that loses nothing brings nothing back.
    await redis.save();
    await server.kill();
    await server.start();
    expect(await recover()).toEqual({ accepted: 0, settled: 0 });
    expect(await load(jobId)).toMatchObject({ status: 'failed', callbackStatus: 'delivered' });
  });

  test('while an entry is on its way, its job is there when its caller hears 202', async () => {
    await redis.save();
    const jobId = await submit(
      withAppend(async (bucket, line) => {
        if (!line.includes('"run":1')) return log.append(bucket, line);
        await server.kill();
        await server.start();
        await recover();
        await log.append(bucket, line);
      }),
    );
    expect(await load(jobId)).toMatchObject({ status: 'queued', run: 2 });
  });

  test('nobody is told that a job lives there before that is known', async () => {
    const reference = randomUUID();
    await submit(backend, undefined, reference);
    await rollBack(async () => undefined);
    await expect(submit(backend, undefined, reference)).rejects.toThrow('not been compared');
    // Nor of a key that it may not know any more.
    await expect(submit(backend, 'key')).rejects.toThrow('not been compared');
    await recover();
    await submit(backend, undefined, reference);
    await submit(backend, 'key');
  });

  test('a job that waits there stays where it is', async () => {
    const jobId = await submit();
    await rollBack(async () => undefined);
    expect(await recover()).toEqual({ accepted: 0, settled: 0 });
    expect(await load(jobId)).toMatchObject({ run: 1 });
  });

  test('a retry since then is not lost', async () => {
    const jobId = await submit();
    await settle(jobId);
    await rollBack(async () => {
      await retryJob(backend, await load(jobId));
    });
    expect(await recover()).toEqual({ accepted: 1, settled: 0 });
    expect(await load(jobId)).toMatchObject({ status: 'queued' });
  });
});

describe('a job', () => {
  test('that cannot be written down is not queued, until it can', async () => {
    const away = withAppend(() => Promise.reject(new JobError('STORAGE_UNAVAILABLE')));
    const reference = randomUUID();
    await expect(submit(away, undefined, reference)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await expect(sweepUnqueued(away, 0)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    const jobId = await submit(backend, undefined, reference);
    expect(await backend.queues.positionOf({ jobId, run: 1 })).toBe(1);
    expect(await redis.zcard('tapedeck:unqueued')).toBe(0);
  });

  test('for a bucket that is not there is queued without: its failure must be told', async () => {
    const missing = withAppend(() => Promise.reject(new JobError('STORAGE_BUCKET_MISSING')));
    const jobId = await submit(missing);
    expect(await backend.queues.positionOf({ jobId, run: 1 })).toBe(1);
    expect(unjournaled).toMatchObject([{ code: 'STORAGE_BUCKET_MISSING' }]);
  });

  test('that Redis loses while it is written down is there when its caller hears 202', async () => {
    const jobId = await submit(
      withAppend(async (bucket, line) => {
        if (!line.includes('"run":1')) return log.append(bucket, line);
        // All of it: the data goes, is compared with a journal that does not have the entry yet, and only then it is written.
        await redis.flushall();
        await recover();
        await log.append(bucket, line);
      }),
    );
    expect(await load(jobId)).toMatchObject({ status: 'queued', run: 2 });
    expect(await backend.queues.hasConversion({ jobId, run: 2 })).toBe(true);
  });

  test('that Redis loses before it is written down is not accepted', async () => {
    const original = redis.hgetall.bind(redis);
    const lossy = Object.create(redis) as Redis;
    lossy.hgetall = async (key: string) => {
      await redis.flushall();
      return original(key);
    };
    await expect(submit({ ...backend, redis: lossy })).rejects.toThrow('Redis has lost the job');
  });
});

test('an end that cannot be written down is not told, until it can', async () => {
  const jobId = await submit();
  const attempt = await beginAttempt(redis, { jobId, run: 1 });
  const settled = await settleAttempt(redis, attempt!, { status: 'canceled' });
  if (settled.result !== 'settled') throw new Error(settled.result);
  const away = withAppend(() => Promise.reject(new JobError('STORAGE_UNAVAILABLE')));
  const entryKey = `tapedeck:queue:callbacks:${settled.callback.eventId}.1`;
  await expect(enqueueCallback(away, settled.callback)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  await expect(sweepOutbox(away)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  expect(await redis.exists(entryKey)).toBe(0);
  await sweepOutbox(backend);
  expect(await redis.exists(entryKey)).toBe(1);
});

test('an end that is in no journal is not sent, whoever asks for it', async () => {
  const jobId = await submit();
  const attempt = await beginAttempt(redis, { jobId, run: 1 });
  const settled = await settleAttempt(redis, attempt!, { status: 'canceled' });
  if (settled.result !== 'settled') throw new Error(settled.result);
  await backend.queues.addCallback(settled.callback);
  expect(await loadOutboxEntry(backend, settled.callback)).toBeUndefined();
  const away = withAppend(() => Promise.reject(new JobError('STORAGE_UNAVAILABLE')));
  expect(await replayCallback(away, await load(jobId))).toBe(true);
  expect(await redis.llen('tapedeck:queue:callbacks:wait')).toBe(1);
  await sweepOutbox(backend);
  expect(await loadOutboxEntry(backend, { ...settled.callback, round: 2 })).toBeDefined();
});

test('an end that Redis loses while it is written down is not sent', async () => {
  const jobId = await submit();
  const attempt = await beginAttempt(redis, { jobId, run: 1 });
  const settled = await settleAttempt(redis, attempt!, { status: 'canceled' });
  if (settled.result !== 'settled') throw new Error(settled.result);
  const losing = withAppend(async (bucket, line) => {
    await redis.flushall();
    await recover();
    await log.append(bucket, line);
  });
  await expect(enqueueCallback(losing, settled.callback)).rejects.toThrow('lost data meanwhile');
  expect(await redis.exists(`tapedeck:queue:callbacks:${settled.callback.eventId}.1`)).toBe(0);
  // The job was not known to have ended: it runs again, and has another end.
  expect(await load(jobId)).toMatchObject({ status: 'queued', run: 2 });
});

test('a run that begins while the last is enqueued still waits for its own entry', async () => {
  const dying = { ...backend, queues: { ...backend.queues, addConversion: () => Promise.reject(new Error('killed')) } };
  const slow = withAppend(async (bucket, line) => {
    await log.append(bucket, line);
    if (!line.includes('"run":1')) return;
    const [jobId] = await redis.zrange('tapedeck:unqueued', '0', '-1');
    await cancelJob(backend, await load(jobId!), 0);
    await expect(retryJob(dying, await load(jobId!))).rejects.toThrow('killed');
  });
  const jobId = await submit(slow);
  expect(await redis.zscore('tapedeck:unqueued', jobId)).not.toBeNull();
  await sweepUnqueued(backend, 0);
  expect(await backend.queues.hasConversion({ jobId, run: 2 })).toBe(true);
});

test('one job that cannot be written down holds up no other', async () => {
  const dying = { ...backend.queues, addConversion: () => Promise.reject(new Error('killed')) };
  const jobIds: string[] = [];
  // More than are visited at once.
  for (let index = 0; index < 52; index += 1) {
    await expect(submit({ ...backend, queues: dying }, undefined, `job-${index}`)).rejects.toThrow('killed');
    jobIds.push((await redis.zrange('tapedeck:unqueued', '-1', '-1'))[0]!);
  }
  const picky = withAppend((bucket, line) =>
    line.includes(jobIds[0]!) ? Promise.reject(new JobError('STORAGE_UNAVAILABLE')) : log.append(bucket, line),
  );
  await expect(sweepUnqueued(picky, 0)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  expect(await redis.zrange('tapedeck:unqueued', '0', '-1')).toEqual([jobIds[0]]);
  // Nor does it get into the queue by the back door.
  await expect(reconcileJobs(picky, { quietMs: 0, stuckAfterMs: 60_000 })).rejects.toThrow();
  expect(await backend.queues.hasConversion({ jobId: jobIds[0]!, run: 1 })).toBe(false);
});

test('an end is told though only an operator can mend why it cannot be written', async () => {
  const jobId = await submit();
  const attempt = await beginAttempt(redis, { jobId, run: 1 });
  const settled = await settleAttempt(redis, attempt!, { status: 'canceled' });
  if (settled.result !== 'settled') throw new Error(settled.result);
  const strange = withAppend(() => Promise.reject(new JobError('STORAGE_CREDENTIALS_REFUSED')));
  await enqueueCallback(strange, settled.callback);
  expect(await loadOutboxEntry(backend, settled.callback)).toBeDefined();
  expect(unjournaled).toMatchObject([{ code: 'STORAGE_CREDENTIALS_REFUSED' }]);
});

test('a job is canceled though its end cannot be written down yet: who hears of it hears later', async () => {
  const away = withAppend(() => Promise.reject(new Error('away')));
  const jobId = await submit();
  expect(await cancelJob(away, await load(jobId), 0)).toBe('canceled');
  expect(await load(jobId)).toMatchObject({ status: 'canceled', callbackStatus: 'pending' });
  expect(await redis.exists('tapedeck:queue:callbacks:wait')).toBe(0);
  await sweepOutbox(backend);
  expect(await redis.llen('tapedeck:queue:callbacks:wait')).toBe(1);
});

test('a Redis that nobody has compared yet, because it is new, knows duplicates', async () => {
  await redis.flushall();
  const reference = randomUUID();
  const jobId = await submit(backend, undefined, reference);
  expect(await submit(backend, undefined, reference)).toBe(jobId);
});

test('a journal of its own takes every entry, or nobody is promised anything', async () => {
  const append = () => Promise.reject(new JobError('STORAGE_BUCKET_MISSING'));
  const journal = createJournal({ ...log, append }, { inJobBuckets: false, onUnjournaled: () => undefined });
  await expect(submit({ ...backend, journal })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  const strange = withAppend(() => Promise.reject(new JobError('STORAGE_CREDENTIALS_REFUSED')));
  await expect(submit(strange)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
});

test('an end is written down once, however often the outbox is swept', async () => {
  const jobId = await submit();
  await settle(jobId);
  const before = (await Array.fromAsync(log.list(signal))).length;
  await sweepOutbox(backend);
  await sweepOutbox(backend);
  expect(await Array.fromAsync(log.list(signal))).toHaveLength(before);
});

describe('the journal is tidied', () => {
  const count = async (): Promise<number> => (await Array.fromAsync(log.list(signal))).length;
  const HOUR_MS = 3_600_000;

  test('into few objects, from which everything comes back', async () => {
    const jobIds: string[] = [];
    for (let index = 0; index < 25; index += 1) jobIds.push(await submit());
    await tidyJournal(backend, signal);
    expect(await count()).toBe(25);
    await tidyJournal(backend, signal, Date.now() + HOUR_MS);
    expect(await count()).toBe(1);
    await redis.flushall();
    expect(await recover()).toEqual({ accepted: 25, settled: 0 });
  });

  test('of what is old, but not of what has not ended', async () => {
    const [open, ended, untold] = [await submit(), await submit(), await submit()];
    await settle(ended);
    await deliver(ended);
    await settle(untold);
    await tidyJournal(backend, signal, Date.now() + JOURNAL_KEEP_MS + HOUR_MS);
    expect(await count()).toBe(2);
    await redis.flushall();
    expect(await recover()).toEqual({ accepted: 1, settled: 1 });
    expect(await load(open)).toMatchObject({ status: 'queued' });
    expect(await load(untold)).toMatchObject({ status: 'failed' });
  });

  test('but not of what another version wrote, which stays as it is', async () => {
    await submit();
    await log.append('tapes', '{"version":"another"}');
    const before = (await Array.fromAsync(log.list(signal))).map(({ key }) => key);
    await tidyJournal(backend, signal, Date.now() + JOURNAL_KEEP_MS + HOUR_MS);
    const after = (await Array.fromAsync(log.list(signal))).map(({ key }) => key);
    expect(after).toHaveLength(2);
    // What is open was written anew.
    expect(after).toEqual([before[1], expect.not.stringContaining(before[0]!)]);
  });

  test('nor of a job whose record another version wrote', async () => {
    const jobId = await submit();
    await redis.hset(`tapedeck:job:${jobId}`, 'status', 'dreaming');
    await tidyJournal(backend, signal, Date.now() + JOURNAL_KEEP_MS + HOUR_MS);
    expect(await count()).toBe(1);
  });

  test('never by a Redis that has lost its data', async () => {
    const jobId = await submit();
    await redis.flushall();
    await tidyJournal(backend, signal, Date.now() + JOURNAL_KEEP_MS + HOUR_MS);
    await recover();
    expect(await load(jobId)).toMatchObject({ status: 'queued' });
  });
});
