import { rename, rm, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type {
  AuditAnswer,
  ChartsAnswer,
  ErrorsAnswer,
  SystemAnswer,
  TestCallbackAnswer,
  WorkerView,
} from '@tapedeck/contracts';
import { connectRedis, waitForRedis, type Redis } from '@tapedeck/jobs';
import { hashPassword } from '@tapedeck/runtime';
import { endProcess } from '../support/redis-server.ts';
import { poll } from '../support/poll.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { WebClient } from '../support/web-client.ts';

/** What the operators' page shows of the fleet and can do to it, as their browsers meet it. */
const PASSWORD = 'correct horse battery staple';
const VIEWERS_PASSWORD = 'only looking, thank you';
let stack: Stack;
let redis: Redis;
let admin: WebClient;
let viewer: WebClient;
beforeAll(async () => {
  const [adminHash, viewerHash] = await Promise.all([hashPassword(PASSWORD), hashPassword(VIEWERS_PASSWORD)]);
  const env = { ADMIN_PASSWORD_HASH: adminHash, VIEWER_PASSWORD_HASH: viewerHash, CALLBACK_TIMEOUT_MS: '1000' };
  stack = await startStack({ env: { ...env, JOB_ATTEMPTS: '1' } });
  redis = connectRedis(stack.redis.url, 'patient', () => undefined);
  await waitForRedis(redis, 5_000);
  [admin, viewer] = await Promise.all([signIn(PASSWORD), signIn(VIEWERS_PASSWORD)]);
});
afterEach(() => {
  stack.receiver.answer = () => ({ status: 200 });
});
afterAll(async () => {
  redis.disconnect();
  await stack.stop();
});

async function signIn(password: string): Promise<WebClient> {
  const client = new WebClient(stack.url);
  expect((await client.post('/admin/login', { password })).status).toBe(303);
  return client;
}

async function read<T>(path: string, client = viewer): Promise<T> {
  const answer = await client.get(`/admin/api/${path}`, { accept: 'application/json' });
  expect([path, answer.status, answer.headers.get('cache-control')]).toEqual([path, 200, 'no-store']);
  return (await answer.json()) as T;
}

/** As the page does it. */
async function write(path: string, body?: object, client = admin): Promise<{ status: number; body: unknown }> {
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const answer = await fetch(`${stack.url}/admin/api/${path}`, {
    method: 'POST',
    headers: { cookie, 'sec-fetch-site': 'same-origin', ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}

async function findWorker(): Promise<WorkerView> {
  const { workers } = await read<SystemAnswer>('system');
  expect(workers).toHaveLength(1);
  return workers![0]!;
}

describe('what is shown', () => {
  test('hours, with what ended in them', async () => {
    const { body } = await stack.post(stack.tapeRequest(stack.source.serve('/none.zip', Buffer.alloc(0))));
    await stack.finished(body.jobId);
    const { hours } = await read<ChartsAnswer>('charts');
    expect(hours).toHaveLength(48);
    expect(hours.reduce((sum, { failed }) => sum + failed, 0)).toBe(1);
    expect((await read<ChartsAnswer>('charts?hours=168')).hours).toHaveLength(168);
    for (const hours of ['0', '169', 'x', '1&hours=2'])
      expect((await admin.get(`/admin/api/charts?hours=${hours}`)).status).toBe(400);
  });

  test('failed jobs by their code, which leads to them', async () => {
    const { groups } = await read<ErrorsAnswer>('errors');
    expect(groups).toMatchObject([{ code: 'SOURCE_EMPTY', count: 1, retryable: true, example: { kind: 'tape' } }]);
    const answer = await fetch(`${stack.url}/api/jobs?code=SOURCE_EMPTY`, {
      headers: { authorization: 'Bearer test-token-0123456789' },
    });
    expect(await answer.json()).toMatchObject({ total: 1, jobs: [{ jobId: groups[0]!.example.jobId }] });
  });

  test('everything that runs', async () => {
    await poll('the worker to say that it is idle', async () => (await findWorker()).busy === 0 || undefined);
    const system = await read<SystemAnswer>('system');
    expect(system).toMatchObject({
      api: { version: expect.any(String), nodeVersion: process.versions.node, memoryBytes: expect.any(Number) },
      redis: { ok: true, usedBytes: expect.any(Number), maxBytes: null },
      storage: { ok: true, driver: 'local', storedBytes: 0 },
      disk: { freeBytes: expect.any(Number) },
      queues: [
        { name: 'conversions', isPaused: false, waiting: 0, active: 0 },
        { name: 'callbacks', isPaused: false },
      ],
      workers: [{ busy: 0, jobIds: [], isPaused: false, concurrency: 1 }],
      lostWorkers: [],
    });
  });

  test('what is away as such, and all the rest', async () => {
    await rename(stack.dataDir, `${stack.dataDir}-away`);
    await writeFile(stack.dataDir, 'no directory');
    try {
      const system = await poll('the store to be missed', async () => {
        const answer = await read<SystemAnswer>('system');
        return answer.storage.ok ? undefined : answer;
      });
      expect(system).toMatchObject({ redis: { ok: true }, queues: [{}, {}], workers: [{}] });
    } finally {
      await rm(stack.dataDir);
      await rename(`${stack.dataDir}-away`, stack.dataDir);
    }
  });
});

describe('pausing', () => {
  test.each(['conversions', 'callbacks'] as const)('the queue of %s, and resuming it', async (name) => {
    const isPaused = async () =>
      (await read<SystemAnswer>('system')).queues?.find((queue) => queue.name === name)?.isPaused;
    for (const [action, paused] of [['pause', true] as const, ['pause', true] as const, ['resume', false] as const]) {
      expect(await write(`queues/${name}/${action}`)).toEqual({ status: 200, body: { name, isPaused: paused } });
      expect(await isPaused()).toBe(paused);
    }
  });

  test('a worker, and resuming it', async () => {
    const { workerId } = await findWorker();
    for (const [action, paused] of [['pause', true] as const, ['resume', false] as const]) {
      expect(await write(`workers/${workerId}/${action}`, {})).toMatchObject({ status: 200, body: { workerId } });
      await poll(`${action}`, async () => ((await findWorker()).isPaused === paused ? true : undefined), 3_000);
    }
  });

  test('what is not there is not found', async () => {
    for (const path of ['queues/others/pause', 'queues/__proto__/resume', 'workers/nobody/pause'])
      expect(await write(path)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });
});

describe('a test callback', () => {
  const testKeys = async () => [
    ...(await redis.keys('tapedeck:test-callback*')),
    ...(await redis.keys('tapedeck:queue:callbacks:test_*')),
  ];
  const send = (callbackUrl = stack.receiver.url) => write('test-callback', { callbackUrl });

  test('arrives signed, and as what it is', async () => {
    const before = stack.receiver.received.length;
    const { status, body } = await send();
    expect({ status, body }).toEqual({
      status: 200,
      body: { httpStatus: 200, durationMs: expect.any(Number), isDelivered: true, problem: null },
    });
    const received = stack.receiver.received.slice(before);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({
      verified: true,
      id: expect.stringMatching(/^test_/),
      event: { jobId: expect.stringMatching(/^test_/), status: 'test', message: expect.stringContaining('test') },
    });
    await poll('nothing to be left', async () => ((await testKeys()).length === 0 ? true : undefined));
  });

  test.each([
    [500, { httpStatus: 500, isDelivered: false, problem: null }],
    [302, { httpStatus: 302, isDelivered: false, problem: null }],
  ])('that is answered with %i is not sent again', async (status, answer) => {
    stack.receiver.answer = () => ({ status });
    const before = stack.receiver.received.length;
    expect((await send()).body).toMatchObject(answer);
    await poll('nothing to be left', async () => ((await testKeys()).length === 0 ? true : undefined));
    expect(stack.receiver.received.length - before).toBe(1);
  });

  test('says why nothing came back', async () => {
    stack.receiver.answer = () => ({ status: 200, delayMs: 1_500 });
    expect((await send()).body).toMatchObject({
      httpStatus: null,
      isDelivered: false,
      problem: expect.stringContaining('within 1 s'),
    });
    const { body } = await send('http://127.0.0.1:9/callback');
    expect((body as TestCallbackAnswer).problem).toContain('ECONNREFUSED');
  });

  test.each(['ftp://a.example/', 'not a URL'])('to %s is refused', async (callbackUrl) => {
    expect(await send(callbackUrl)).toMatchObject({ status: 422, body: { code: 'CALLBACK_URL_REFUSED' } });
    expect((await write('test-callback', {})).status).toBe(400);
  });

  test('where nobody can send it says so', async () => {
    await write('queues/callbacks/pause');
    expect(await send()).toMatchObject({ status: 503, body: { detail: expect.stringContaining('paused') } });
    await write('queues/callbacks/resume');
    expect(await testKeys()).toEqual([]);
  });

  test('has a name on the board', async () => {
    await redis.hset('tapedeck:queue:callbacks:test_1', {
      name: 'test',
      data: '{"testId":"test_1"}',
      timestamp: 1,
      opts: '{}',
    });
    await redis.zadd('tapedeck:queue:callbacks:delayed', Date.now() * 8_192, 'test_1');
    const answer = await admin.get(
      '/admin/queues/api/queues?activeQueue=callbacks&status=delayed&page=1&jobsPerPage=10',
    );
    expect(await answer.text()).toContain('"name":"test callback"');
    await redis.del('tapedeck:queue:callbacks:test_1');
    await redis.zrem('tapedeck:queue:callbacks:delayed', 'test_1');
  });
});

describe('a viewer', () => {
  test.each([
    'queues/conversions/pause',
    'queues/callbacks/resume',
    'workers/w1/pause',
    'workers/w1/resume',
    'test-callback',
  ])('cannot POST %s', async (path) => {
    expect(await write(path, { callbackUrl: stack.receiver.url }, viewer)).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN' },
    });
  });

  test('nobody gets anything without a session', async () => {
    for (const path of ['charts', 'errors', 'audit', 'system'])
      expect((await fetch(`${stack.url}/admin/api/${path}`)).status).toBe(401);
  });
});

test('the audit trail has what people did, and what they were refused', async () => {
  const { entries } = await read<AuditAnswer>('audit?limit=200');
  const told = entries.map(({ action, about, who, via, outcome, status }) => [
    action,
    about,
    who,
    via,
    outcome,
    status,
  ]);
  expect(told).toContainEqual(['queue.pause', 'conversions', 'admin', 'session', 'done', 200]);
  expect(told).toContainEqual(['worker.pause', 'nobody', 'admin', 'session', 'refused', 404]);
  expect(told).toContainEqual(['worker.resume', 'w1', 'viewer', 'session', 'refused', 403]);
  expect(told).toContainEqual(['callback.test', '', 'admin', 'session', 'failed', 503]);
  expect(told.at(-1)?.[0]).toBe('login');
  const first = await read<AuditAnswer>('audit?limit=3');
  const second = await read<AuditAnswer>(`audit?limit=3&before=${first.next}`);
  expect([...first.entries, ...second.entries]).toEqual(entries.slice(0, 6));
  expect((await admin.get('/admin/api/audit?before=yesterday')).status).toBe(400);
});

test('without a worker a test callback is answered at once, and where one does not take it, in time', async () => {
  const { workerId } = await findWorker();
  await endProcess(stack.worker!.child, 'SIGTERM');
  const callbackUrl = stack.receiver.url;
  expect(await write('test-callback', { callbackUrl })).toMatchObject({
    status: 503,
    body: { detail: expect.stringContaining('no worker is alive') },
  });
  // One that says that it is alive, and takes nothing.
  const sign = {
    workerId,
    busy: 0,
    ffmpegVersion: null,
    protections: { held: [], missing: [] },
    freeDiskBytes: 1,
    version: '1',
  };
  await redis.set(`tapedeck:worker:${workerId}`, JSON.stringify(sign));
  await redis.zadd('tapedeck:signs', Date.now(), workerId);
  const startedAtMs = Date.now();
  expect(await write('test-callback', { callbackUrl })).toMatchObject({
    status: 503,
    body: { detail: expect.stringContaining('within 20 s') },
  });
  expect(Date.now() - startedAtMs).toBeLessThan(25_000);
  expect(await redis.keys('tapedeck:test-callback*')).toEqual([]);
  expect(await redis.keys('tapedeck:queue:callbacks:test_*')).toEqual([]);
});
