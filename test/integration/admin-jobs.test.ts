import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BulkPreview, BulkProgress, CleanupLine, JobDetails, JobList, JobView } from '@tapedeck/contracts';
import {
  connectRedis,
  loadRecord,
  openQueues,
  reportAlive,
  reportGone,
  waitForRedis,
  type Backend,
  type JobRecord,
} from '@tapedeck/jobs';
import { hashPassword } from '@tapedeck/runtime';
import { createLocalStore, storageDir } from '@tapedeck/transfer';
import { createEndedJobs, type EndedJobs } from '../support/ended-jobs.ts';
import { readEvents, type StreamEvent } from '../support/event-stream.ts';
import { poll } from '../support/poll.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';
import { WebClient } from '../support/web-client.ts';

/** What the operators' page asks of the API about jobs, and does to them. */
const PASSWORDS = { admin: 'correct horse battery staple', viewer: 'only looking, thank you' };
let stack: Stack;
let backend: Backend & { quit(): Promise<void> };
let temp: TempDir;
let jobs: EndedJobs;
let admin: WebClient;
let viewer: WebClient;
beforeAll(async () => {
  const [adminHash, viewerHash] = await Promise.all([hashPassword(PASSWORDS.admin), hashPassword(PASSWORDS.viewer)]);
  stack = await startStack({
    worker: false,
    env: { ADMIN_PASSWORD_HASH: adminHash, VIEWER_PASSWORD_HASH: viewerHash },
  });
  const redis = connectRedis(stack.redis.url, 'patient', () => undefined);
  await waitForRedis(redis, 5_000);
  const queues = await openQueues(redis, 5_000);
  const quit = async () => {
    await queues.close();
    await redis.quit();
  };
  backend = { redis, queues, journal: undefined, quit };
  temp = await createTempDir('admin-jobs');
  jobs = createEndedJobs(backend, createLocalStore({ dataDir: stack.dataDir, publicUrl: stack.url }), temp);
  [admin, viewer] = await Promise.all([signIn(PASSWORDS.admin), signIn(PASSWORDS.viewer)]);
});
afterAll(async () => {
  await backend?.quit();
  await stack?.stop();
  await temp?.remove();
});

async function signIn(password: string): Promise<WebClient> {
  const client = new WebClient(stack.url);
  expect((await client.post('/admin/login', { password })).status).toBe(303);
  return client;
}

const readJson = async <T>(answer: Response): Promise<T> => (await answer.json()) as T;

async function statusOf({ jobId }: JobRecord): Promise<string> {
  return (await loadRecord(backend.redis, jobId))?.status ?? 'gone';
}

describe('a job', () => {
  test('is told with what its own view leaves out', async () => {
    const record = await jobs.tape('detailed', { zipUrl: 'https://me:pw@a.example/auth0%7C1/detailed.zip?secret=1' });
    const details = await readJson<JobDetails>(await admin.get(`/admin/api/jobs/${record.jobId}/details`));
    expect(details).toMatchObject({
      caller: 'tests',
      priority: 'normal',
      run: 1,
      sourceUrl: 'https://…@a.example/auth0|1/detailed.zip?…',
      callbackUrl: 'https://b.example/',
      options: { timing: 'cfr30' },
      outputName: 'detailed.mp4',
      playback: {
        url: `/admin/media/${record.jobId}/video.mp4`,
        posterUrl: `/admin/media/${record.jobId}/poster.jpg`,
        storyboardUrl: null,
        downloadUrl: `/admin/media/${record.jobId}/video.mp4?download`,
      },
    });
    expect(details.history.map(({ what }) => what)).toEqual(['accepted', 'attempt', 'completed']);
  });

  test('that failed has nothing to play', async () => {
    const { jobId } = await jobs.failed('nothing-to-play');
    const { playback } = await readJson<JobDetails>(await admin.get(`/admin/api/jobs/${jobId}/details`));
    expect(playback).toBeNull();
  });

  test('is the same to a session as to a key', async () => {
    const { jobId } = await jobs.failed('same');
    const asked = await Promise.all([
      readJson<JobView>(await viewer.get(`/admin/api/jobs/${jobId}`)),
      stack.job(jobId),
    ]);
    expect(asked[0]).toEqual(asked[1]);
    expect((await new WebClient(stack.url).send('GET', `/admin/api/jobs/${jobId}`, {})).status).toBe(401);
  });
});

describe('a result', () => {
  test('comes out of the store, whole or in part', async () => {
    const { jobId } = await jobs.tape('played');
    const url = `/admin/media/${jobId}/video.mp4`;
    const whole = await viewer.get(url);
    expect([whole.status, whole.headers.get('content-type'), await whole.text()]).toEqual([200, 'video/mp4', 'an mp4']);
    const part = await viewer.get(url, { range: 'bytes=3-4' });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 3-4/6', 'mp']);
    const rest = await viewer.get(url, { range: 'bytes=3-' });
    expect([rest.status, rest.headers.get('content-length'), await rest.text()]).toEqual([206, '3', 'mp4']);
    expect((await viewer.get(url, { range: 'bytes=6-' })).status).toBe(416);
    expect(await (await viewer.get(url, { range: 'bytes=4-3' })).text()).toBe('an mp4');
    const poster = await viewer.get(`/admin/media/${jobId}/poster.jpg`);
    expect([poster.headers.get('content-type'), poster.headers.get('cache-control')]).toEqual([
      'image/jpeg',
      'private, max-age=60',
    ]);
  });

  test('is downloaded under the name of its slug', async () => {
    const { jobId } = await jobs.tape('a "b" ü');
    const { headers } = await viewer.get(`/admin/media/${jobId}/video.mp4?download`);
    expect(headers.get('content-disposition')).toBe(
      `attachment; filename="video.mp4"; filename*=UTF-8''a%20%22b%22%20%C3%BC.mp4`,
    );
  });

  test('of a stream are its own files, and nothing else below its slug', async () => {
    const { jobId, request } = await jobs.stream('streamed');
    const get = async (name: string) => (await viewer.get(`/admin/media/${jobId}/${name}`)).status;
    const playlist = await (await viewer.get(`/admin/media/${jobId}/low/playlist.m3u8`)).text();
    const [segment = ''] = playlist.split('\n').filter((line) => line.endsWith('.ts'));
    await writeFile(join(storageDir(stack.dataDir), request.bucket, 'streamed/original.mov'), 'the source');
    expect(await get('master.m3u8')).toBe(200);
    expect(await get(`low/${segment}`)).toBe(200);
    expect(await get('original.mov')).toBe(404);
    expect(await get('storyboard.vtt')).toBe(404);
    expect(await get('low/../../streamed/original.mov')).toBe(404);
    expect(await get('..%2F..%2Fsecrets.json')).toBe(404);
  });

  test('that a later job has replaced is not the earlier one’s any more', async () => {
    const earlier = await jobs.tape('replaced');
    const later = await jobs.tape('replaced');
    expect((await viewer.get(`/admin/media/${earlier.jobId}/video.mp4`)).status).toBe(404);
    expect((await viewer.get(`/admin/media/${later.jobId}/video.mp4`)).status).toBe(200);
  });

  test('is for those who are signed in', async () => {
    const { jobId } = await jobs.tape('private');
    expect((await new WebClient(stack.url).send('GET', `/admin/media/${jobId}/video.mp4`, {})).status).toBe(401);
  });
});

describe('converting again', () => {
  test('begins a failed job anew, and submits a completed one again', async () => {
    const failed = await jobs.failed('again-failed');
    const completed = await jobs.tape('again-completed');
    const again = async ({ jobId }: JobRecord) => {
      const answer = await admin.json('POST', `/admin/api/jobs/${jobId}/reconvert`);
      return [answer.status, (await readJson<{ jobId: string }>(answer)).jobId] as const;
    };
    expect(await again(failed)).toEqual([202, failed.jobId]);
    const [status, jobId] = await again(completed);
    expect([status, jobId === completed.jobId]).toEqual([202, false]);
    expect((await stack.job(jobId)).slug).toBe('again-completed');
    expect((await again(failed))[0]).toBe(409);
  });

  test('goes in the order that an operator wants', async () => {
    const waiting = await jobs.waiting('priority');
    const path = `/admin/api/jobs/${waiting.jobId}/priority`;
    expect((await admin.json('POST', path, { priority: 'high' })).status).toBe(200);
    expect((await loadRecord(backend.redis, waiting.jobId))?.request.priority).toBe('high');
    expect((await admin.json('POST', path, { priority: 'highest' })).status).toBe(400);
    expect((await viewer.json('POST', path, { priority: 'low' })).status).toBe(403);
    const ended = await jobs.failed('priority-ended');
    const refused = await admin.json('POST', `/admin/api/jobs/${ended.jobId}/priority`, { priority: 'low' });
    expect(refused.status).toBe(409);
  });
});

describe('many jobs', () => {
  const bulk = (body: object, client = admin) => client.json('POST', '/admin/api/bulk', body);
  const preview = async (body: object) => readJson<BulkPreview>(await bulk({ ...body, dryRun: true }));
  const carryOut = async (body: object): Promise<BulkProgress> => {
    const lines = (await (await bulk(body)).text()).trim().split('\n');
    return JSON.parse(lines.at(-1)!) as BulkProgress;
  };

  test('are counted before anything is done to them', async () => {
    const [failed, waiting] = [await jobs.failed('count-1'), await jobs.waiting('count-2')];
    const counted = await preview({ action: 'retry', filter: { q: 'count-' } });
    expect(counted).toEqual({
      ...{ matching: 2, applicable: 1, isEstimate: false },
      sample: [{ jobId: failed.jobId, slug: 'count-1', reference: 'count-1' }],
    });
    expect(await preview({ action: 'cancel', filter: { q: 'count-', status: 'failed' } })).toMatchObject({
      ...{ matching: 1, applicable: 0, sample: [] },
    });
    expect(await preview({ action: 'cancel', jobIds: [failed.jobId, waiting.jobId, 'tape_none'] })).toMatchObject({
      ...{ matching: 2, applicable: 1 },
    });
    expect([await statusOf(failed), await statusOf(waiting)]).toEqual(['failed', 'queued']);
  });

  test('are canceled, with their callbacks, and begin anew', async () => {
    const records = await Promise.all(['many-1', 'many-2', 'many-3'].map(jobs.waiting));
    const ended = await jobs.tape('many-4');
    const canceled = await carryOut({ action: 'cancel', filter: { q: 'many-' } });
    expect(canceled).toMatchObject({ total: 3, seen: 3, done: 3, skipped: 0, failed: 0, isOver: true });
    expect(await Promise.all(records.map(statusOf))).toEqual(['canceled', 'canceled', 'canceled']);
    const events = await Promise.all(records.map(({ jobId }) => loadRecord(backend.redis, jobId)));
    expect(events.every((record) => record?.callbackBody?.includes('"canceled"'))).toBe(true);
    const jobIds = [...records, ended].map(({ jobId }) => jobId);
    const retried = await carryOut({ action: 'retry', jobIds: [...jobIds, 'tape_none'] });
    expect(retried).toMatchObject({ total: 5, seen: 5, done: 3, skipped: 2, failed: 0, isOver: true });
    expect(await statusOf(records[0]!)).toBe('queued');
    expect(await carryOut({ action: 'priority', priority: 'low', filter: { q: 'many-' } })).toMatchObject({ done: 3 });
    expect((await loadRecord(backend.redis, records[1]!.jobId))?.request.priority).toBe('low');
  });

  test('are deleted, with their files', async () => {
    const records = await Promise.all(['gone-1', 'gone-2'].map((slug) => jobs.tape(slug)));
    for (const record of records) await jobs.deliver(record);
    expect(await carryOut({ action: 'delete', deleteFiles: true, filter: { q: 'gone-' } })).toMatchObject({ done: 2 });
    expect(await Promise.all(records.map(statusOf))).toEqual(['gone', 'gone']);
    expect((await fetch(`${stack.url}/storage/tapes/gone-1.mp4`)).status).toBe(404);
  });

  test('are converted again, each result once', async () => {
    await jobs.tape('twice');
    await jobs.tape('twice');
    const done = await carryOut({ action: 'reconvert', filter: { q: 'twice' } });
    expect(done).toMatchObject({ seen: 2, done: 1, skipped: 1, lastProblem: expect.stringContaining('replaced') });
  });

  test('are told of again', async () => {
    const record = await jobs.tape('told');
    await jobs.deliver(record);
    expect(await carryOut({ action: 'callback', jobIds: [record.jobId] })).toMatchObject({ done: 1 });
    expect((await loadRecord(backend.redis, record.jobId))?.callbackStatus).toBe('pending');
  });

  test.each([
    ['neither', { action: 'cancel' }],
    ['both', { action: 'cancel', jobIds: ['a'], filter: {} }],
    ['a filter that is none', { action: 'cancel', filter: { status: 'lost' } }],
    ['no priority', { action: 'priority', filter: {} }],
    ['no such action', { action: 'explode', filter: {} }],
    ['a part of the list', { action: 'cancel', filter: { limit: '1' } }],
    ['a filter that was left empty', { action: 'cancel', filter: { q: '' } }],
  ])('are refused by name: %s', async (_name, body) => {
    const answer = await bulk(body);
    expect([answer.status, (await readJson<{ errors?: object[] }>(answer)).errors?.length]).toEqual([400, 1]);
  });

  test('are those that the list shows, in whatever letters', async () => {
    await jobs.waiting('Ärger-1');
    const other = await jobs.waiting('ärger-2');
    const filter = { q: 'Ärger' };
    expect(await preview({ action: 'cancel', filter })).toMatchObject({ matching: 1, applicable: 1 });
    expect(await carryOut({ action: 'cancel', filter })).toMatchObject({ total: 1, seen: 1, done: 1 });
    expect(await statusOf(other)).toBe('queued');
  });

  test('are left alone when whoever asked hangs up, however early, and the API lives', async () => {
    for (let count = 0; count < 200; count += 1) await jobs.waiting(`left-${count}`);
    const body = JSON.stringify({ action: 'cancel', filter: { q: 'left-' } });
    const head = [
      ...['POST /admin/api/bulk HTTP/1.1', `host: ${new URL(stack.url).host}`, 'sec-fetch-site: same-origin'],
      ...[`cookie: ${admin.cookieHeader()}`, 'content-type: application/json', `content-length: ${body.length}`],
    ];
    for (const delayMs of [0, 1, 2, 3, 4, 5, 6, 8, 10]) {
      const socket = connect(Number(new URL(stack.url).port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
      await sleep(delayMs);
      socket.resetAndDestroy();
    }
    const { total } = await readJson<JobList>(await viewer.get('/admin/api/jobs?q=left-&status=queued&limit=1'));
    expect(total).toBeGreaterThan(0);
    expect(stack.api.child.exitCode).toBeNull();
    expect(stack.api.log()).not.toContain('unhandled rejection');
  });

  test('are not for viewers', async () => {
    const record = await jobs.waiting('viewed');
    expect((await bulk({ action: 'cancel', jobIds: [record.jobId] }, viewer)).status).toBe(403);
    expect(await statusOf(record)).toBe('queued');
  });
});

describe('the export', () => {
  test('has what fits, page after page, and no formula', async () => {
    const names = Array.from({ length: 520 }, (_, index) => `export-${index}`);
    for (const name of names) await jobs.waiting(name);
    await jobs.waiting('=1+1');
    const read = async (query: string) => {
      const answer = await viewer.get(`/admin/api/jobs.csv?${query}`);
      expect(answer.headers.get('content-type')).toContain('text/csv');
      return (await answer.text()).trim().split('\n');
    };
    const rows = await read('q=export-');
    expect(rows).toHaveLength(521);
    expect(rows[0]).toContain('jobId,kind,reference,slug');
    expect(new Set(rows.slice(1).map((row) => row.split(',')[3])).size).toBe(520);
    expect((await read('q=%3D1'))[1]).toContain(",'=1+1,");
    expect((await viewer.get('/admin/api/jobs.csv?status=lost')).status).toBe(400);
  });
});

describe('a cleanup', () => {
  const DAY_MS = 24 * 3_600_000;
  const sign = (workerId: string, recordsMs: number) =>
    reportAlive(backend.redis, {
      ...{ workerId, busy: 0, jobIds: [], isPaused: false, concurrency: 1, ffmpegVersion: null, version: '0' },
      isStandIn: false,
      ...{ protections: { held: [], missing: [] }, freeDiskBytes: 1 },
      keep: { supersededMs: DAY_MS, recordsMs, resultsMs: null, quietMs: DAY_MS, stuckAfterMs: DAY_MS },
    });
  const run = async (body: object): Promise<CleanupLine[]> => {
    const answer = await admin.json('POST', '/admin/api/cleanup', body);
    expect(answer.status).toBe(200);
    return (await answer.text())
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as CleanupLine);
  };

  test('goes by what the workers say, the most careful of them', async () => {
    const [old, older] = [await jobs.failed('old'), await jobs.failed('older')];
    for (const record of [old, older]) await jobs.deliver(record);
    await jobs.makeOlder(old, 20);
    await jobs.makeOlder(older, 40);
    expect((await admin.json('POST', '/admin/api/cleanup', {})).status).toBe(503);
    await sign('careless', 10 * DAY_MS);
    await sign('careful', 30 * DAY_MS);
    const only = ['records'];
    const first = await run({ only });
    expect(first).toEqual([
      expect.objectContaining({ outcome: 'done', about: older.jobId }),
      expect.objectContaining({ isOver: true, done: 1, failed: 0 }),
    ]);
    expect(await statusOf(older)).toBe('failed');
    expect((await viewer.json('POST', '/admin/api/cleanup', { only })).status).toBe(403);
    expect(await run({ only, dryRun: false })).toEqual(first);
    expect([await statusOf(old), await statusOf(older)]).toEqual(['failed', 'gone']);
    for (const workerId of ['careless', 'careful']) await reportGone(backend.redis, workerId);
  });
});

describe('what happens', () => {
  const follow = async (client: WebClient) => {
    const hungUp = new AbortController();
    const answer = await client.send('GET', '/admin/api/events', {}, undefined, hungUp.signal);
    const events: StreamEvent[] = [];
    let failure: unknown;
    const ended = (async () => {
      for await (const event of readEvents(answer)) events.push(event);
    })().catch((error: unknown) => (failure = error));
    const until = (what: string, isIt: (event: StreamEvent) => boolean) => poll(what, () => events.find(isIt), 15_000);
    const count = (name: string): number => events.filter((event) => event.name === name).length;
    return { until, ended, count, failure: () => failure, stop: () => hungUp.abort() };
  };
  const isOf =
    ({ jobId }: JobRecord, status: string) =>
    ({ name, data }: StreamEvent) =>
      name === 'jobs' && (data as JobView[]).some((view) => view.jobId === jobId && view.status === status);

  test('is told as it happens', async () => {
    const stream = await follow(viewer);
    await stream.until('the first figures', ({ name }) => name === 'stats');
    const record = await jobs.waiting('watched');
    await stream.until('the new job', isOf(record, 'queued'));
    await admin.json('POST', `/admin/api/jobs/${record.jobId}/cancel`);
    await stream.until('its end', isOf(record, 'canceled'));
    await admin.json('DELETE', `/admin/api/jobs/${record.jobId}`);
    await stream.until(
      'that it is gone',
      ({ name, data }) => name === 'gone' && (data as string[]).includes(record.jobId),
    );
    for (let count = 0; count < 60; count += 1) await jobs.waiting(`crowd-${count}`);
    await stream.until('that there are many', ({ name }) => name === 'many');
    stream.stop();
    await stream.ended;
  });

  test('has room for others when those who hung up are gone', async () => {
    const cookie = viewer.cookieHeader();
    const head = `GET /admin/api/events HTTP/1.1\r\nhost: ${new URL(stack.url).host}\r\ncookie: ${cookie}\r\n\r\n`;
    for (let count = 0; count < 300; count += 1) {
      const socket = connect(Number(new URL(stack.url).port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(head);
      socket.resetAndDestroy();
    }
    const stream = await follow(viewer);
    await stream.until('the first figures', ({ name }) => name === 'stats');
    stream.stop();
    await stream.ended;
  });

  test('is not told any more to whom has signed out, and to others it is', async () => {
    const client = await signIn(PASSWORDS.viewer);
    const [stream, other] = [await follow(client), await follow(viewer)];
    await stream.until('the first beat', ({ name }) => name === 'beat');
    await client.post('/admin/logout');
    // Without being hung up, and not by breaking off.
    await stream.ended;
    expect(stream.failure()).toBeUndefined();
    const beats = other.count('beat');
    await poll('another beat', () => (other.count('beat') > beats ? true : undefined), 10_000);
    other.stop();
    await other.ended;
  });
});

test('a list is asked for with what its parameters are', async () => {
  const { total } = await readJson<JobList>(await viewer.get('/admin/api/jobs?status=failed&limit=1'));
  expect(total).toBeGreaterThan(0);
  expect((await viewer.get('/admin/api/jobs?colour=red')).status).toBe(400);
});

test('a server that stops waits for nobody who reads no more', async () => {
  const socket = connect(Number(new URL(stack.url).port), '127.0.0.1');
  await once(socket, 'connect');
  const cookie = viewer.cookieHeader();
  socket.write(`GET /admin/api/jobs.csv HTTP/1.1\r\nhost: ${new URL(stack.url).host}\r\ncookie: ${cookie}\r\n\r\n`);
  await once(socket, 'readable');
  const ended = once(stack.api.child, 'exit');
  stack.api.child.kill('SIGTERM');
  await ended;
  socket.destroy();
  expect(stack.api.log()).not.toContain('did not stop in time');
  expect(stack.api.child.exitCode).toBe(0);
});
