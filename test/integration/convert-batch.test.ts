import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { batchAnswerSchema, type BatchAnswer, type BatchResult } from '@tapedeck/contracts';
import { startStack, TOKEN, type Stack } from '../support/stack.ts';

const ZIP_URL = 'https://example.com/a.zip';

interface Answer {
  status: number;
  headers: Headers;
  body: unknown;
}

async function sendBatch(stack: Stack, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(`${stack.url}/convert/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

async function submitBatch(stack: Stack, jobs: unknown[], headers = {}): Promise<BatchAnswer & { headers: Headers }> {
  const { status, body, headers: answered } = await sendBatch(stack, { jobs }, headers);
  expect({ status, body }).toMatchObject({ status: 200 });
  const answer = batchAnswerSchema.parse(body);
  expect(answer.results.map(({ index }) => index)).toEqual(jobs.map((_, index) => index));
  return { ...answer, headers: answered };
}

const statusesOf = ({ results }: BatchAnswer): number[] => results.map(({ status }) => status);
const idOf = (result: BatchResult): string | undefined => ('job' in result ? result.job.jobId : undefined);
const idsOf = ({ results }: BatchAnswer): (string | undefined)[] => results.map(idOf);
const buildTapes = (stack: Stack, count: number): Record<string, unknown>[] =>
  Array.from({ length: count }, () => stack.tapeRequest(ZIP_URL));

describe('a batch', () => {
  /** No worker: jobs stay queued, so that their order can be seen. */
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ worker: false, env: { ALLOWED_BUCKETS: 'tapes,media' } });
  });
  afterAll(() => stack.stop());

  test('of 100 jobs is in the queue in the order of the list', async () => {
    const jobs = Array.from({ length: 50 }, () => [
      stack.tapeRequest(ZIP_URL),
      stack.videoRequest('https://example.com/a.mov'),
    ]).flat();
    const answer = await submitBatch(stack, jobs);
    expect(answer).toMatchObject({ accepted: 100, refused: 0 });
    const views = await Promise.all(idsOf(answer).map((jobId) => stack.job(jobId!)));
    expect(views.map(({ positionInQueue }) => positionInQueue)).toEqual(jobs.map((_, index) => index + 1));
    expect(views.map(({ reference }) => reference)).toEqual(jobs.map((job) => String(job.mongoId ?? job.id)));
    expect(stack.api.log()).toContain('"accepted":100,"refused":0');
  });

  test('answers for each job what POST /convert answers for it alone', async () => {
    const good = stack.tapeRequest(ZIP_URL);
    const deep = `{"a":`.repeat(100) + '1' + '}'.repeat(100);
    const jobs: unknown[] = [
      stack.tapeRequest(ZIP_URL),
      { ...good, slug: '../up', mongoId: undefined },
      { ...good, bucket: 'other' },
      { ...good, zipUrl: 'ftp://example.com/a.zip' },
      { ...good, callbackUrl: 'https://me:secret@example.com/' },
      { ...good, metadata: JSON.parse(deep) as unknown },
      { ...good, metadata: { text: 'x'.repeat(300_000) } },
      'text',
      null,
      [],
      stack.videoRequest('https://example.com/a.mov'),
    ];
    const answer = await submitBatch(stack, jobs);
    expect(statusesOf(answer)).toEqual([202, 400, 403, 422, 422, 400, 413, 400, 400, 400, 202]);
    expect(answer).toMatchObject({ accepted: 2, refused: 9 });
    for (const [index, result] of answer.results.entries()) {
      if ('job' in result) continue;
      const alone = await stack.post(JSON.stringify(jobs[index]));
      expect([index, result.status]).toEqual([index, alone.status]);
      // Of a body that is too large, Fastify does not say how large it was.
      if (result.status !== 413) expect([index, result.problem]).toEqual([index, alone.body]);
    }
  });

  test('has one job of two that are the same', async () => {
    const [first, second] = buildTapes(stack, 2);
    for (const headers of [{}, { 'idempotency-key': crypto.randomUUID() }]) {
      const answer = await submitBatch(stack, [first, second, first], headers);
      expect(idOf(answer.results[2]!)).toBe(idOf(answer.results[0]!));
      expect(answer.results[2]).toMatchObject({ status: 200, job: { duplicate: true } });
      expect(new Set(idsOf(answer)).size).toBe(2);
    }
  });

  describe('with an Idempotency-Key', () => {
    const key = { 'idempotency-key': 'one' };

    test('is the same jobs when it comes again, whole or in part', async () => {
      const jobs = buildTapes(stack, 5);
      const first = await submitBatch(stack, jobs, key);
      expect(statusesOf(first)).toEqual([202, 202, 202, 202, 202]);
      const again = await submitBatch(stack, jobs, key);
      expect(statusesOf(again)).toEqual([200, 200, 200, 200, 200]);
      expect(idsOf(again)).toEqual(idsOf(first));
      expect(again.accepted).toBe(5);
      const part = await submitBatch(stack, [jobs[4], jobs[1]], key);
      expect(idsOf(part)).toEqual([idsOf(first)[4], idsOf(first)[1]]);
    });

    test('makes other jobs under another key, and of a single request with the same one', async () => {
      const [job] = buildTapes(stack, 1);
      const first = await submitBatch(stack, [job], key);
      const other = await submitBatch(stack, [job], { 'idempotency-key': 'two' });
      const alone = await stack.post(job, key);
      expect(alone.status).toBe(202);
      expect(new Set([...idsOf(first), ...idsOf(other), alone.body.jobId]).size).toBe(3);
    });

    test('refuses the one job that has another body', async () => {
      const jobs = buildTapes(stack, 2);
      await submitBatch(stack, jobs, key);
      const answer = await submitBatch(stack, [{ ...jobs[0], metadata: { other: true } }, jobs[1]], key);
      expect(answer.results).toMatchObject([
        { status: 409, problem: { code: 'IDEMPOTENCY_CONFLICT' } },
        { status: 200 },
      ]);
    });

    test('that is none is refused as a whole', async () => {
      const answer = await sendBatch(stack, { jobs: buildTapes(stack, 1) }, { 'idempotency-key': 'x'.repeat(256) });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } });
    });
  });

  test.each<[string, unknown, object]>([
    ['no list', {}, { path: 'jobs', message: 'expected 1 to 100 jobs, got nothing' }],
    ['an object for a list', { jobs: { 0: {} } }, { path: 'jobs', message: 'expected 1 to 100 jobs, got an object' }],
    ['an empty list', { jobs: [] }, { path: 'jobs', message: 'expected 1 to 100 jobs, got 0' }],
    ['101 jobs', { jobs: Array(101).fill({}) }, { path: 'jobs', message: 'expected 1 to 100 jobs, got 101' }],
    ['the list alone', [], { path: '(body)' }],
    ['nothing', '', { path: '(body)' }],
  ])('that is %s is refused as a whole', async (_what, body, error) => {
    const answer = await sendBatch(stack, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID', errors: [error] } });
  });

  test('may have four megabytes, and not more', async () => {
    const withText = (length: number) =>
      buildTapes(stack, 20).map((job) => ({ ...job, metadata: { text: 'x'.repeat(length) } }));
    expect(await submitBatch(stack, withText(200_000))).toMatchObject({ accepted: 20 });
    const larger = await sendBatch(stack, { jobs: withText(220_000) });
    expect(larger).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
  });

  test('needs a token', async () => {
    const answer = await sendBatch(stack, { jobs: buildTapes(stack, 1) }, { authorization: 'Bearer wrong' });
    expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
  });

  test('is 503 for each of its jobs while Redis hangs, at once, and taken as a whole afterwards', async () => {
    const jobs = buildTapes(stack, 100);
    const key = { 'idempotency-key': 'while it hung' };
    stack.redis.freeze();
    const startedAt = performance.now();
    const refused = await submitBatch(stack, jobs, key).finally(() => stack.redis.wake());
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(refused).toMatchObject({ accepted: 0, refused: 100 });
    expect(new Set(statusesOf(refused))).toEqual(new Set([503]));
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const taken = await submitBatch(stack, jobs, key);
    expect(taken).toMatchObject({ accepted: 100, refused: 0 });
    expect(idsOf(await submitBatch(stack, jobs, key))).toEqual(idsOf(taken));
  });
});

describe('each job of a batch counts as a write', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({ worker: false, env: { RATE_LIMIT_MAX: '5', MP4_SERVICE_TOKEN: 'plain-service-token' } });
  });
  afterAll(() => stack.stop());

  test('those beyond the limit are refused with when to come again, the others taken', async () => {
    const answer = await submitBatch(stack, buildTapes(stack, 8));
    expect(statusesOf(answer)).toEqual([202, 202, 202, 202, 202, 429, 429, 429]);
    expect(answer.results[7]).toMatchObject({ problem: { code: 'RATE_LIMITED', status: 429 } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('x-ratelimit-remaining')).toBe('0');
    expect((await stack.post(stack.tapeRequest(ZIP_URL))).status).toBe(429);
    expect((await sendBatch(stack, { jobs: buildTapes(stack, 1) })).status).toBe(429);
    const other = { authorization: 'Bearer plain-service-token' };
    expect(statusesOf(await submitBatch(stack, buildTapes(stack, 2), other))).toEqual([202, 202]);
  });
});
