import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createClient, verifyCallback, type Job, type TapedeckClient, type TapeRequest } from '@tapedeck/client';
import { poll } from '../support/poll.ts';
import { startS3Proxy, type Fault, type S3Proxy } from '../support/s3-proxy.ts';
import { startStack, TOKEN, type Stack } from '../support/stack.ts';
import { buildTape } from '../support/tape-layouts.ts';

jest.setTimeout(60_000);

/** The client against the real API, directly and over a network that fails as networks do. */
let stack: Stack;
let network: S3Proxy;
let zip: Buffer;
let client: TapedeckClient;
let throughNetwork: TapedeckClient;
beforeAll(async () => {
  stack = await startStack();
  network = await startS3Proxy(stack.url);
  client = createClient({ baseUrl: stack.url, token: TOKEN });
  throughNetwork = createClient({ baseUrl: `${network.endpoint}/`, token: TOKEN, timeoutMs: 2_000 });
  zip = (await buildTape({ width: 32, height: 24, durationsMs: [100, 100, 100] })).zip;
}, 60_000);
afterEach(() => network.failAt(() => undefined));
afterAll(async () => {
  await network.stop();
  await stack.stop();
});

let names = 0;
function buildRequest(content = zip): TapeRequest {
  const name = `client-${(names += 1)}`;
  const zipUrl = stack.source.serve(`/${name}.zip`, content);
  return { mongoId: name, bucket: 'tapes', slug: name, zipUrl, callbackUrl: stack.receiver.url };
}

async function collect(jobs: AsyncIterable<Job>): Promise<Job[]> {
  const all: Job[] = [];
  for await (const job of jobs) all.push(job);
  return all;
}

/** Fails the first requests of a kind, in this order. */
function failFirst(method: string, ...faults: Fault[]): void {
  let count = 0;
  network.failAt((line) => (line.startsWith(method) ? faults[count++] : undefined));
}

test('a tape is submitted, followed to its end, and its callback verified', async () => {
  const accepted = await client.convertTape(buildRequest());
  expect(accepted).toMatchObject({ status: 'queued', kind: 'tape' });
  const seen = await collect(client.waitFor(accepted.jobId));
  expect(seen.at(-1)).toMatchObject({ status: 'completed', progress: 100, output: { duration: 0.3 } });
  expect(new Set(seen.map((job) => JSON.stringify(job))).size).toBe(seen.length);

  const [callback] = await stack.receiver.waitFor(accepted.jobId);
  const event = await verifyCallback(callback!, stack.env['CALLBACK_SIGNING_SECRET']!);
  expect(event).toMatchObject({ eventId: callback!.id, jobId: accepted.jobId, status: 'complete' });
  expect(event.status === 'complete' && 'mp4Url' in event && event.mp4Url).toContain('.mp4');
});

describe('one job comes of', () => {
  const listJobs = async (request: TapeRequest) => (await client.jobs({ q: request.slug, kind: 'tape' })).jobs;

  test.each<[string, Fault[]]>([
    ['an answer that was lost', ['lose']],
    ['two connections that broke', ['refuse', 'reset']],
    ['503 with Retry-After', [{ answer: 503, headers: { 'retry-after': '1' } }]],
    ['an answer that was cut', ['cut']],
    ['a try that took too long', ['hang']],
  ])('%s', async (_what, faults) => {
    failFirst('POST', ...faults);
    const request = buildRequest();
    const { jobId } = await throughNetwork.convertTape(request);
    expect(network.requests).toHaveLength(faults.length + 1);
    expect((await listJobs(request)).map((job) => job.jobId)).toEqual([jobId]);
  });

  test('a lost answer whose job has ended before the next try', async () => {
    const request = buildRequest();
    const patient = createClient({
      ...{ baseUrl: network.endpoint, token: TOKEN },
      async fetch(url, init) {
        // The job ends while the first answer is on its way, and that is lost.
        const answer = await fetch(url, init);
        const { jobId, duplicate } = (await answer.clone().json()) as { jobId: string; duplicate?: true };
        if (duplicate) return answer;
        await stack.finished(jobId);
        throw new TypeError('fetch failed');
      },
    });
    const { jobId } = await patient.convertTape(request);
    expect((await listJobs(request)).map((job) => job.jobId)).toEqual([jobId]);
  });

  test('two calls for the same tape at once', async () => {
    const request = buildRequest();
    const [one, other] = await Promise.all([client.convertTape(request), client.convertTape(request)]);
    expect(other.jobId).toBe(one.jobId);
  });

  test('two calls with the same key, also when the job has ended', async () => {
    const request = buildRequest();
    const { jobId } = await client.convertTape(request, { idempotencyKey: request.slug });
    await stack.finished(jobId);
    const again = await client.convertTape(request, { idempotencyKey: request.slug });
    expect(again).toMatchObject({ jobId, duplicate: true });
  });
});

describe('an error has a code, a status, and whether it passes', () => {
  test('a request that does not fit, with its fields', async () => {
    const refused = client.convertTape({ ...buildRequest(), bucket: 'NO', slug: '' });
    await expect(refused).rejects.toMatchObject({
      ...{ name: 'TapedeckError', code: 'REQUEST_INVALID', status: 400, retryable: false },
      errors: expect.arrayContaining([expect.objectContaining({ path: 'bucket' })]),
    });
  });

  test.each([
    ['a token that is wrong', { token: 'wrong' }, 'UNAUTHORIZED', 401],
    ['a path that the API does not have', { baseUrl: '/nowhere' }, 'NOT_FOUND', 404],
  ])('%s, after one try', async (_what, changes, code, status) => {
    const tries: string[] = [];
    network.failAt((line) => void tries.push(line));
    const baseUrl = network.endpoint + ('baseUrl' in changes ? changes.baseUrl : '');
    const wrong = createClient({ token: TOKEN, ...changes, baseUrl });
    await expect(wrong.jobs()).rejects.toMatchObject({ code, status, retryable: false });
    expect(tries).toHaveLength(1);
  });

  test('another server, after one try', async () => {
    const lost = createClient({ baseUrl: stack.source.url, token: TOKEN });
    await expect(lost.jobs()).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER', status: 404, retryable: false });
    expect(stack.source.requests.filter((line) => line.endsWith('/api/jobs'))).toHaveLength(1);
  });

  test.each<[string, Fault, object]>([
    ['a page of a proxy', { answer: 502 }, { code: 'UNEXPECTED_ANSWER', status: 502, retryable: true }],
    ['no answer', 'refuse', { code: 'UNREACHABLE', status: undefined, retryable: true }],
    ['no answer in time', 'hang', { code: 'TIMEOUT', status: undefined, retryable: true }],
    [
      'a redirect, which is not followed',
      { answer: 302, headers: { location: '/api/stats' } },
      { code: 'UNEXPECTED_ANSWER', status: 302, retryable: false },
    ],
    [
      'a limit that lasts for long, which is not waited for',
      { answer: 429, headers: { 'retry-after': '900' } },
      { status: 429, retryable: true, retryAfterMs: 900_000 },
    ],
  ])('%s', async (_what, fault, expected) => {
    const impatient = createClient({ baseUrl: network.endpoint, token: TOKEN, timeoutMs: 300, maxTries: 2 });
    network.failAt(() => fault);
    await expect(impatient.job('tape_1')).rejects.toMatchObject(expected);
  });

  test.each([
    ['baseUrl', { baseUrl: 'tapedeck.example' }],
    ['baseUrl', { baseUrl: 'https://me:hunter2@tapedeck.example' }],
    ['token', { token: 'hunter2\n' }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['maxTries', { maxTries: 0 }],
  ])('an option that is wrong is named, and no secret shown: %s', (name, changes) => {
    const create = () => createClient({ baseUrl: stack.url, token: TOKEN, ...changes });
    expect(create).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
    expect(create).toThrow(name);
    expect(create).not.toThrow('hunter2');
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['an id that would lead to another route', () => client.cancel('../stats'), 'jobId'],
    ['such an id of a job to wait for', () => client.waitFor('../stats').next(), 'jobId'],
    ['a wait that is no time', () => client.waitFor('tape_1', { pollMs: 0 }).next(), 'pollMs'],
    ['a time that is none', () => client.jobs({ from: new Date(NaN) }), 'from'],
    ['what JSON cannot say', () => client.convertTape({ ...buildRequest(), metadata: { size: 1n } }), 'request'],
  ])('%s is refused here, and by a promise', async (_what, ask, name) => {
    const error = { name: 'TapedeckError', code: 'ARGUMENT_INVALID', message: expect.stringContaining(name) };
    await expect(ask()).rejects.toMatchObject(error);
  });

  test('a fetch of one’s own that throws is no answer', async () => {
    const broken = createClient({
      ...{ baseUrl: stack.url, token: TOKEN, maxTries: 1 },
      fetch() {
        throw new Error('no network here');
      },
    });
    await expect(broken.jobs()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('no network here'),
    });
  });
});

describe('a job is', () => {
  test('canceled, retried, and its callback sent again', async () => {
    const broken = await client.convertTape(buildRequest(Buffer.from('no zip')));
    const ended = (await collect(client.waitFor(broken.jobId))).at(-1)!;
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'ARCHIVE_INVALID', retryable: false } });
    const [first] = await stack.receiver.waitFor(broken.jobId);
    await client.replayCallback(broken.jobId);
    const [, second] = await stack.receiver.waitFor(broken.jobId, 2);
    expect(second!.id).toBe(first!.id);
    expect(await client.retry(broken.jobId)).toMatchObject({ jobId: broken.jobId });
    await collect(client.waitFor(broken.jobId));
    await expect(client.cancel(broken.jobId)).rejects.toMatchObject({ code: 'JOB_STATE_CONFLICT', status: 409 });
  });

  test('not retried again when the answer was lost: that would be another run', async () => {
    failFirst('POST', 'lose');
    const { jobId } = await client.convertTape(buildRequest(Buffer.from('no zip')));
    await stack.finished(jobId);
    await expect(throughNetwork.retry(jobId)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(network.requests).toHaveLength(1);
  });

  test('found by its query', async () => {
    const request = buildRequest();
    const from = new Date();
    const { jobId } = await client.convertTape(request);
    await stack.finished(jobId);
    const found = await client.jobs({ status: ['completed', 'failed'], q: request.slug, from, limit: 1 });
    expect(found).toMatchObject({ total: 1, limit: 1, jobs: [{ jobId }] });
  });
});

describe('waiting for a job', () => {
  const isStream = (line: string): boolean => line.endsWith('/events');

  test.each<[string, Fault | undefined]>([
    ['whose stream is cut', 'cut'],
    ['whose stream is refused', { answer: 503 }],
    ['whose stream is kept back', 'hang'],
    ['whose stream is a page of a proxy', { answer: 200, headers: { 'content-type': 'text/html' } }],
  ])('%s goes on by asking', async (_what, fault) => {
    const { jobId } = await client.convertTape(buildRequest());
    network.failAt((line) => (isStream(line) ? fault : undefined));
    const seen = await collect(throughNetwork.waitFor(jobId, { pollMs: 100 }));
    expect(seen.at(-1)).toMatchObject({ status: 'completed' });
    expect(network.requests.filter((line) => !isStream(line)).length).toBeGreaterThan(0);
  });

  test('of a job that has ended gives it once', async () => {
    const { jobId } = await client.convertTape(buildRequest());
    await stack.finished(jobId);
    expect(await collect(client.waitFor(jobId))).toHaveLength(1);
  });

  test('of a job that nobody knows throws NOT_FOUND', async () => {
    await expect(collect(client.waitFor('tape_0'))).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
  });

  test.each([900, 9_999_999])(
    'ends when the API wants to be left alone for longer than it waits: %s s',
    async (sec) => {
      network.failAt(() => ({ answer: 503, headers: { 'retry-after': String(sec) } }));
      const refused = collect(throughNetwork.waitFor('tape_1', { timeoutMs: 3_000, pollMs: 100 }));
      await expect(refused).rejects.toMatchObject({ status: 503, retryable: true, retryAfterMs: sec * 1_000 });
      expect(network.requests).toEqual(['GET /api/jobs/tape_1/events', 'GET /api/jobs/tape_1']);
    },
  );

  describe('of a job that does not end', () => {
    let jobId: string;
    beforeAll(async () => {
      const held = stack.source.serve('/held.zip', () => undefined);
      ({ jobId } = await client.convertTape({ ...buildRequest(), zipUrl: held }));
      await poll('the download to begin', async () =>
        (await client.job(jobId)).phase === 'download' ? true : undefined,
      );
    });
    afterAll(() => client.cancel(jobId));

    const allClosed = () =>
      poll('the connections to be closed', () => (network.listOpen().length === 0 ? true : undefined));

    test('ends in time', async () => {
      const waiting = collect(throughNetwork.waitFor(jobId, { timeoutMs: 500 }));
      await expect(waiting).rejects.toMatchObject({ code: 'TIMEOUT' });
      await allClosed();
    });

    test('ends before it begins when the signal is aborted', async () => {
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(collect(throughNetwork.waitFor(jobId, { signal }))).rejects.toThrow('enough');
      expect(network.requests).toEqual([]);
    });

    test('ends in the middle when the signal is aborted, with its reason, and the connection with it', async () => {
      const controller = new AbortController();
      const jobs = throughNetwork.waitFor(jobId, { signal: controller.signal });
      expect((await jobs.next()).value).toMatchObject({ jobId });
      const next = collect(jobs);
      expect(network.listOpen()).toEqual([`GET /api/jobs/${jobId}/events`]);
      controller.abort(new Error('enough'));
      await expect(next).rejects.toThrow('enough');
      await allClosed();
    });

    test('closes the connection when the loop is left', async () => {
      const seen: string[] = [];
      for await (const job of throughNetwork.waitFor(jobId)) {
        seen.push(job.jobId);
        expect(network.listOpen()).toEqual([`GET /api/jobs/${jobId}/events`]);
        break;
      }
      expect(seen).toEqual([jobId]);
      await allClosed();
    });
  });
});
