import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createClient, verifyCallback, type Job, type TapedeckClient, type TapeRequest } from '@tapedeck/client';
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
    ['another server', { baseUrl: '/nowhere' }, 'NOT_FOUND', 404],
  ])('%s, after one try', async (_what, changes, code, status) => {
    const tries: string[] = [];
    network.failAt((line) => void tries.push(line));
    const baseUrl = network.endpoint + ('baseUrl' in changes ? changes.baseUrl : '');
    const wrong = createClient({ token: TOKEN, ...changes, baseUrl });
    await expect(wrong.jobs()).rejects.toMatchObject({ code, status, retryable: false });
    expect(tries).toHaveLength(1);
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

  test('an id that would lead to another route is refused here', async () => {
    await expect(client.cancel('../stats')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
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

  test('ends in time, by a signal, and by leaving the loop', async () => {
    const { jobId } = await client.convertTape(buildRequest());
    network.failAt(() => 'hang');
    await expect(collect(throughNetwork.waitFor(jobId, { timeoutMs: 200 }))).rejects.toMatchObject({ code: 'TIMEOUT' });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(collect(throughNetwork.waitFor(jobId, { signal }))).rejects.toThrow('enough');
    network.failAt(() => undefined);
    for await (const job of throughNetwork.waitFor(jobId)) {
      expect(job.jobId).toBe(jobId);
      break;
    }
  });
});
