import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { jobListSchema, jobViewSchema, statsSchema, type JobView } from '@tapedeck/contracts';
import { readEvents, type StreamEvent } from '../support/event-stream.ts';
import { poll } from '../support/poll.ts';
import { endProcess } from '../support/redis-server.ts';
import { startStack, TOKEN, type RunningProcess, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';

jest.setTimeout(60_000);

/** What operators and callers read of jobs, and the routes of the server that came before. */
let stack: Stack;
let zip: Buffer;
beforeAll(async () => {
  stack = await startStack({ worker: false });
  zip = (await buildTape({ width: 32, height: 24, durationsMs: [100, 100, 100] })).zip;
}, 60_000);
afterAll(() => stack.stop());

const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> {
  const headers = { ...AUTHORIZED, ...(init.body !== undefined && { 'content-type': 'application/json' }) };
  const answer = await fetch(`${stack.url}${path}`, { ...init, headers });
  return { status: answer.status, body: answer.status === 204 ? undefined : await answer.json() };
}

const list = async (query: string) => jobListSchema.parse((await ask(`/api/jobs?${query}`)).body);
const request = (changes: Record<string, unknown>) =>
  stack.tapeRequest(stack.source.serve(`/${crypto.randomUUID()}.zip`, zip), changes);
async function nextEvent(events: AsyncGenerator<StreamEvent, undefined>): Promise<StreamEvent> {
  const { value } = await events.next();
  if (!value) throw new Error('expected an event, and the stream ended');
  return value;
}
const watch = (jobId: string, lastEventId?: string, signal?: AbortSignal) =>
  fetch(`${stack.url}/api/jobs/${jobId}/events`, {
    headers: { ...AUTHORIZED, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
    ...(signal && { signal }),
  });

describe('the list of jobs', () => {
  test('is filtered, searched, sorted and paged', async () => {
    const ids = [];
    for (const name of ['list-a', 'list-b', 'list-c']) ids.push(await submit(stack, request({ slug: name })));
    await ask(`/api/jobs/${ids[1]}/cancel`, { method: 'POST' });

    const newest = await list('q=list-');
    expect(newest).toMatchObject({ total: 3, limit: 20, offset: 0 });
    expect(newest.jobs.map(({ slug }) => slug)).toEqual(['list-c', 'list-b', 'list-a']);
    expect((await list('q=list-&order=asc&limit=1&offset=1')).jobs.map(({ slug }) => slug)).toEqual(['list-b']);
    expect((await list('status=canceled&q=list-')).jobs.map(({ slug }) => slug)).toEqual(['list-b']);
    expect((await list('status=queued,canceled&kind=tape&q=list-')).total).toBe(3);
    expect((await list('kind=hls')).total).toBe(0);
    expect((await list('code=JOB_TIMEOUT')).total).toBe(0);
    expect((await list('q=list-&to=2020-01-01')).total).toBe(0);
    expect((await list(`q=list-&from=${newest.jobs[0]!.createdAt}`)).total).toBe(1);
    expect((await list('sort=finishedAt&q=list-')).jobs.map(({ slug }) => slug)).toEqual(['list-b']);
    // As a form sends it.
    expect((await list('status=&kind=&q=&from=&to=&sort=createdAt&order=desc&limit=20&offset=0')).total).toBe(3);
  });

  test('a query that does not fit is refused by name', async () => {
    expect(await ask('/api/jobs?limit=1000&state=failed')).toMatchObject({
      status: 400,
      body: { code: 'REQUEST_INVALID', errors: [{ path: 'state' }] },
    });
  });

  test('statistics count them', async () => {
    const stats = statsSchema.parse((await ask('/api/stats')).body);
    expect(stats).toMatchObject({ total: 3, queued: 2, canceled: 1, today: 3, queueLength: 2, successRate: null });
  });
});

describe('the events of a job', () => {
  let worker: RunningProcess;

  test('show it at every change until its callback is delivered, and then send watchers away', async () => {
    const jobId = await submit(stack, request({ slug: 'watched' }));
    const answer = await watch(jobId);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    worker = await stack.startWorker();
    const seen: { id: string; job: JobView }[] = [];
    for await (const { id, data } of readEvents(answer)) seen.push({ id, job: jobViewSchema.parse(data) });
    expect(seen[0]!.job).toMatchObject({ status: 'queued' });
    expect(seen.map(({ job }) => job.phase)).toEqual(expect.arrayContaining(['encode', 'publish']));
    expect(seen.at(-1)!.job).toMatchObject({ status: 'completed', progress: 100, callback: { status: 'delivered' } });
    const versions = seen.map(({ id }) => Number(id));
    expect(versions.every((version, index) => index === 0 || version > versions[index - 1]!)).toBe(true);

    expect((await watch(jobId, String(versions.at(-1)))).status).toBe(204);
    const late = await Array.fromAsync(readEvents(await watch(jobId, String(versions.at(-2)))));
    expect(late.map(({ id }) => Number(id))).toEqual([versions.at(-1)]);
  });

  test('end when it is deleted', async () => {
    const jobId = await submit(stack, request({ slug: 'deleted', callbackUrl: stack.receiver.url }));
    await stack.finished(jobId);
    await endProcess(worker.child, 'SIGTERM');
    const waiting = await submit(stack, request({ slug: 'deleted-2' }));
    const events = readEvents(await watch(waiting));
    await events.next();
    await ask(`/api/jobs/${waiting}`, { method: 'DELETE' });
    const rest = await Array.fromAsync(events);
    expect(rest.length).toBeLessThanOrEqual(3);
    expect((await watch(waiting)).status).toBe(404);
  });

  test('a client that comes back with the last id that it had hears what it has missed', async () => {
    const jobId = await submit(stack, request({ slug: 'missed' }));
    const leaving = new AbortController();
    const events = readEvents(await watch(jobId, undefined, leaving.signal));
    const { id } = await nextEvent(events);
    leaving.abort();
    await ask(`/api/jobs/${jobId}/cancel`, { method: 'POST' });
    const again = readEvents(await watch(jobId, id));
    expect((await nextEvent(again)).data).toMatchObject({ status: 'canceled' });
    await again.return(undefined);
  });

  test('show a change whose news got lost, at the next heartbeat', async () => {
    const jobId = await submit(stack, request({ slug: 'unheard' }));
    const events = readEvents(await watch(jobId));
    const { id } = await nextEvent(events);
    await stack.redis.command('HINCRBY', `tapedeck:job:${jobId}`, 'version', 1);
    expect(await nextEvent(events)).toMatchObject({ id: String(Number(id) + 1), data: { jobId } });
    await events.return(undefined);
  });

  test('nobody without a token sees them', async () => {
    const answer = await fetch(`${stack.url}/api/jobs/some-job/events`);
    expect(answer.status).toBe(401);
  });
});

describe('the routes of the server that came before', () => {
  test('a post is found by its number, goes before others, and is deleted', async () => {
    await submit(stack, request({ slug: 'other-1' }));
    await submit(stack, request({ slug: 'other-2', priority: 'normal' }));
    const jobId = await submit(stack, request({ mongoId: 4711, slug: 'post-4711', priority: 'low' }));
    expect(await ask('/api/post/4711')).toMatchObject({ status: 200, body: { jobId, reference: '4711' } });
    const before = (await ask('/api/post/4711')).body as JobView;
    expect(before.positionInQueue).toBeGreaterThan(2);
    const compressed = await ask('/api/compress/4711', { method: 'POST', body: '{"priority":"high"}' });
    expect(compressed).toMatchObject({ status: 202, body: { jobId, position_in_queue: 1 } });
    expect(await ask('/api/post/4711?delete_files=true', { method: 'DELETE' })).toMatchObject({
      status: 200,
      body: { success: true, deleted_files: 0, space_freed: 0 },
    });
    expect((await ask('/api/post/4711')).status).toBe(404);
    expect((await ask('/api/post/471')).status).toBe(404);
  });

  test('one that was canceled, or completed, is converted once more', async () => {
    const jobId = await submit(stack, request({ mongoId: 'again', slug: 'again' }));
    await ask(`/api/jobs/${jobId}/cancel`, { method: 'POST' });
    expect(await ask('/api/compress/again', { method: 'POST' })).toMatchObject({
      status: 202,
      body: { jobId, status: 'queued' },
    });
    const worker = await stack.startWorker();
    await stack.finished(jobId);
    const second = (await ask('/api/compress/again', { method: 'POST', body: '{"priority":"high"}' })).body as JobView;
    expect(second.jobId).not.toBe(jobId);
    expect(await stack.finished(second.jobId)).toMatchObject({ status: 'completed', reference: 'again' });
    await endProcess(worker.child, 'SIGTERM');
  });

  test('a priority that there is not is refused', async () => {
    await submit(stack, request({ mongoId: 'odd', slug: 'odd' }));
    expect(await ask('/api/compress/odd', { method: 'POST', body: '{"priority":"urgent"}' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'priority' }] },
    });
  });
});

test('an API that stops does not wait for those who watch', async () => {
  const jobId = await submit(stack, request({ slug: 'stopping' }));
  const events = readEvents(await watch(jobId));
  await events.next();
  const stoppedAt = performance.now();
  stack.api.child.kill('SIGTERM');
  expect(await Array.fromAsync(events)).toEqual([]);
  await poll('the API to end', () => (stack.api.child.exitCode === null ? undefined : true), 10_000);
  expect(performance.now() - stoppedAt).toBeLessThan(5_000);
});
