import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import { startStack, tapeOutput, TOKEN, type Stack } from '../support/stack.ts';
import { buildTape } from '../support/tape-layouts.ts';

/** No worker: jobs stay queued, so that what the API says about them holds still. */
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    worker: false,
    env: { ALLOWED_BUCKETS: 'tapes,user-aesthetic-computer', MP4_SERVICE_TOKEN: 'plain-service-token' },
  });
});
afterAll(() => stack.stop());

/** Without fetch's own ideas about paths and caches. */
function getStatus(url: string, headers: Record<string, string>, path?: string): Promise<number> {
  return new Promise((done, fail) => {
    const options = { headers, ...(path !== undefined && { path }) };
    httpRequest(url, options, (answer) => done(answer.resume().statusCode!))
      .on('error', fail)
      .end();
  });
}

const zipUrl = 'https://user-aesthetic-computer.sfo3.digitaloceanspaces.com/auth0|123/wand-1729177200000.zip';

/** What today's caller sends, to the letter. */
const TODAYS_BODY = {
  mongoId: '507f1f77bcf86cd799439011',
  bucket: 'user-aesthetic-computer',
  slug: 'wand-1729177200000',
  zipUrl,
  callbackUrl: 'https://aesthetic.computer/.netlify/functions/tape-mp4-complete',
  metadata: {
    frameCount: 120,
    totalDuration: 4000,
    piece: 'wand',
    scale: 6,
    originalSize: [640, 480],
    scaledSize: [3840, 2880],
  },
};

test("today's caller is answered 202 with where to look", async () => {
  const { status, headers, body } = await stack.post(TODAYS_BODY);
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/api/jobs/${body.jobId}`);
  expect(body).toEqual({
    jobId: expect.stringMatching(/^tape_[0-9a-z]{26}$/),
    status: 'queued',
    kind: 'tape',
    positionInQueue: expect.any(Number),
    statusUrl: `${stack.url}/api/jobs/${body.jobId}`,
  });
  expect(await stack.job(body.jobId)).toMatchObject({
    kind: 'tape',
    reference: TODAYS_BODY.mongoId,
    slug: TODAYS_BODY.slug,
    status: 'queued',
    attempt: 0,
    maxAttempts: 3,
    callback: { status: 'pending', attempts: 0, lastStatus: null },
    metadata: TODAYS_BODY.metadata,
  });
});

describe('a request that is sent again', () => {
  test('is the same job while that job is alive', async () => {
    const body = stack.tapeRequest(zipUrl);
    const first = await stack.post(body);
    const second = await stack.post({ ...body, metadata: { another: true } });
    expect(second).toMatchObject({ status: 200, body: { jobId: first.body.jobId, duplicate: true, status: 'queued' } });
  });

  test('fifty times at once is one job', async () => {
    const body = stack.tapeRequest(zipUrl);
    const answers = await Promise.all(Array.from({ length: 50 }, () => stack.post(body)));
    expect(new Set(answers.map((answer) => answer.body.jobId)).size).toBe(1);
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(1);
  });

  test('with its Idempotency-Key is the same job, with another body a conflict', async () => {
    const key = { 'idempotency-key': crypto.randomUUID() };
    const body = stack.tapeRequest(zipUrl, { metadata: { a: 1, b: 2 } });
    const first = await stack.post(body, key);
    const reordered = await stack.post({ ...body, metadata: { b: 2, a: 1 } }, key);
    expect(reordered).toMatchObject({ status: 200, body: { jobId: first.body.jobId, duplicate: true } });
    const other = await stack.post({ ...body, slug: 'other' }, key);
    expect(other).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_CONFLICT' } });
  });

  test('with the Idempotency-Key of a call is the job of another call while that is alive, and later still', async () => {
    const call = (key: string) => ({ 'idempotency-key': key, 'idempotency-scope': 'call' });
    const body = stack.tapeRequest(zipUrl);
    const first = await stack.post(body, call('call-1'));
    const second = await stack.post(body, call('call-2'));
    expect(second).toMatchObject({ status: 200, body: { jobId: first.body.jobId, duplicate: true } });
    const url = `${stack.url}/api/jobs/${first.body.jobId}/cancel`;
    await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } });
    for (const known of ['call-1', 'call-2']) {
      expect((await stack.post(body, call(known))).body.jobId).toBe(first.body.jobId);
    }
    expect(await stack.post(body, call('call-3'))).toMatchObject({ status: 202 });
    const refused = await stack.post(body, { 'idempotency-scope': 'job' });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Scope' }] } });
  });

  test('with another Idempotency-Key is another job', async () => {
    const body = stack.tapeRequest(zipUrl);
    const first = await stack.post(body, { 'idempotency-key': 'one' });
    const second = await stack.post(body, { 'idempotency-key': 'two' });
    expect(second.status).toBe(202);
    expect(second.body.jobId).not.toBe(first.body.jobId);
  });
});

test('jobs wait in the order of their priority', async () => {
  const positions = async (ids: string[]) => Promise.all(ids.map(async (id) => (await stack.job(id)).positionInQueue!));
  const low = await stack.post(stack.tapeRequest(zipUrl, { priority: 'low' }));
  const high = await stack.post(stack.tapeRequest(zipUrl, { priority: 'high' }));
  const normal = await stack.post(stack.tapeRequest(zipUrl));
  const [lowAt, highAt, normalAt] = await positions([low, high, normal].map(({ body }) => body.jobId));
  expect(highAt).toBe(1);
  expect(normalAt!).toBeGreaterThan(highAt!);
  expect(lowAt!).toBeGreaterThan(normalAt!);
});

describe('a body that does not fit is a problem that names the field', () => {
  test.each([
    ['mongoId', { mongoId: undefined }],
    ['mongoId', { mongoId: '' }],
    ['mongoId', { mongoId: {} }],
    ['bucket', { bucket: undefined }],
    ['bucket', { bucket: '../etc' }],
    ['bucket', { bucket: 'foo--x-s3' }],
    ['bucket', { bucket: 'test-accessp-e0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3' }],
    ['bucket', { bucket: 'a-s3alias' }],
    ['bucket', { bucket: 'a.mrap' }],
    ['slug', { slug: '' }],
    ['slug', { slug: '../up' }],
    ['slug', { slug: 'a\u0000b' }],
    ['zipUrl', { zipUrl: 'not a url' }],
    ['zipUrl', { zipUrl: 7 }],
    ['callbackUrl', { callbackUrl: undefined }],
    ['callbackUrl', { callbackUrl: null }],
    ['type', { type: 'hls' }],
    ['priority', { priority: 'urgent' }],
    ['metadata', { metadata: 'text' }],
    ['options.crf', { options: { crf: 99 } }],
    ['options.timing', { options: { timing: 'approximate' } }],
    ['options.scale', { options: { scale: -1 } }],
    ['options', { options: { crfs: 1 } }],
    ['upload.putUrl', { upload: {} }],
    ['upload.putUrl', { upload: { putUrl: 'not a url', posterPutUrl: 'https://example.com/a.jpg' } }],
    ['upload.posterPutUrl', { upload: { putUrl: 'https://a.com/x?s=1', posterPutUrl: 'https://a.com/x?s=2' } }],
    ['upload', { upload: { putUrl: 'https://a.com/x', url: 'https://a.com/y' } }],
    ['upload', { zipUrl: undefined, videoUrl: 'https://a.com/x.mov', upload: { putUrl: 'https://a.com/x' } }],
    ['zipUrl', { videoUrl: 'https://example.com/a.mov' }],
    ['zipUrl', { zipUrl: undefined }],
  ])('%s in %j', async (path, changes) => {
    const { status, headers, body } = await stack.post({ ...TODAYS_BODY, ...changes });
    expect(status).toBe(400);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ status: 400, code: 'REQUEST_INVALID', type: 'urn:tapedeck:problem:REQUEST_INVALID' });
    expect(body.errors!.map((issue) => issue.path)).toContain(path);
    for (const issue of body.errors!) expect(issue.message).not.toBe('');
  });

  test.each(['', '{', '[]', '"text"', 'null', '{"__proto__":{"x":1}}'])('%s', async (text) => {
    expect(await stack.post(text)).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
  });

  test('a body above the limit, or of another type', async () => {
    expect(await stack.post({ ...TODAYS_BODY, metadata: { x: 'y'.repeat(300_000) } })).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE' },
    });
    expect(await stack.post('zipUrl=1', { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
      body: { code: 'CONTENT_TYPE_UNSUPPORTED' },
    });
  });
});

test('a bucket that is not allowed is refused', async () => {
  expect(await stack.post({ ...TODAYS_BODY, bucket: 'others' })).toMatchObject({
    status: 403,
    body: { code: 'BUCKET_NOT_ALLOWED' },
  });
});

test('a URL that is no http is refused before anything is queued', async () => {
  for (const url of ['ftp://example.com/a.zip', 'file:///etc/passwd', 'https://user:secret@example.com/a.zip']) {
    const { status, body } = await stack.post({ ...TODAYS_BODY, zipUrl: url });
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'SOURCE_URL_REFUSED' });
    expect(JSON.stringify(body)).not.toContain('secret');
  }
  expect(await stack.post({ ...TODAYS_BODY, callbackUrl: 'gopher://x.example' })).toMatchObject({
    status: 422,
    body: { code: 'CALLBACK_URL_REFUSED' },
  });
  const putUrl = 'https://example.com/a.mp4';
  for (const upload of [{ putUrl: 'ftp://example.com/a.mp4' }, { putUrl, posterPutUrl: 'file:///etc/passwd' }]) {
    expect(await stack.post({ ...TODAYS_BODY, upload })).toMatchObject({
      status: 422,
      body: { code: 'UPLOAD_URL_REFUSED' },
    });
  }
});

describe('a token', () => {
  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer wrong',
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${'x'.repeat(5000)}`,
  ])('is refused: %j', async (authorization) => {
    const answer = await fetch(`${stack.url}/convert`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
      body: JSON.stringify(TODAYS_BODY),
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await answer.json()).toMatchObject({ code: 'UNAUTHORIZED' });
  });

  test('of the service is taken as it is', async () => {
    const { status } = await stack.post(stack.tapeRequest(zipUrl), { authorization: 'Bearer plain-service-token' });
    expect(status).toBe(202);
  });

  test('is asked for when a job is read', async () => {
    expect((await fetch(`${stack.url}/api/jobs/tape_x`)).status).toBe(401);
  });
});

test('a body of a thousand levels is refused, one of fifty is not', async () => {
  const nest = (levels: number) => `{"a":`.repeat(levels) + '1' + '}'.repeat(levels);
  const withMetadata = (metadata: string) =>
    JSON.stringify({ ...stack.tapeRequest(zipUrl), metadata: 0 }).replace('"metadata":0', `"metadata":${metadata}`);
  expect(await stack.post(withMetadata(nest(5000)))).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
  expect(await stack.post(withMetadata(nest(50)))).toMatchObject({ status: 202 });
  expect(await stack.post(withMetadata('null'))).toMatchObject({ status: 202 });
});

test('health without a worker is degraded, and ready all the same', async () => {
  expect(await (await fetch(`${stack.url}/health/live`)).json()).toEqual({ status: 'ok' });
  expect((await fetch(`${stack.url}/health/ready`)).status).toBe(200);
  expect(await (await fetch(`${stack.url}/health`)).json()).toMatchObject({
    status: 'degraded',
    version: expect.any(String),
    uptime: expect.any(Number),
    checks: {
      redis: { ok: true },
      storage: { ok: true },
      ffmpeg: { available: false },
      workers: { alive: 0, busy: 0 },
      disk: { freeBytes: expect.any(Number) },
    },
  });
});

describe('with a worker', () => {
  beforeAll(async () => {
    await stack.startWorker();
  });

  test('health tells of it and of its FFmpeg', async () => {
    const health = await (await fetch(`${stack.url}/health`)).json();
    expect(health).toMatchObject({
      status: 'ok',
      checks: {
        ffmpeg: { available: true, version: expect.any(String) },
        workers: { alive: 1 },
        protections: { held: expect.arrayContaining(['no network', 'no files but its own']) },
      },
    });
  });

  test('a raw | goes in and a raw | comes out, and the object lies beside its ZIP', async () => {
    const { zip } = await buildTape();
    const own = `${stack.url}/storage/tapes/auth0|123/2025.10.17.12.34.zip`;
    const { mkdir, writeFile } = await import('node:fs/promises');
    await mkdir(`${stack.dataDir}/storage/tapes/auth0|123`, { recursive: true });
    await writeFile(`${stack.dataDir}/storage/tapes/auth0|123/2025.10.17.12.34.zip`, zip);
    const { body } = await stack.post(stack.tapeRequest(own, { slug: '2025.10.17.12.34', priority: 'high' }));
    const job = await stack.finished(body.jobId);
    expect(job.output).toMatchObject({
      mp4Url: `${stack.url}/storage/tapes/auth0|123/2025.10.17.12.34.mp4`,
      posterUrl: `${stack.url}/storage/tapes/auth0|123/2025.10.17.12.34-poster.jpg`,
    });
    const answer = await fetch(tapeOutput(job).mp4Url);
    expect(answer.status).toBe(200);
  });

  test('local storage serves with type, ranges, ETag and for every origin', async () => {
    const url = stack.source.serve('/served.zip', (await buildTape()).zip);
    const { body } = await stack.post(stack.tapeRequest(url, { priority: 'high' }));
    const { mp4Url, size } = tapeOutput(await stack.finished(body.jobId));
    const whole = await fetch(mp4Url);
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(size),
      'accept-ranges': 'bytes',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      etag: expect.any(String),
    });
    const part = await fetch(mp4Url, { headers: { range: 'bytes=4-7' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 4-7/${size}`);
    expect(await part.text()).toBe('ftyp');
    expect(await getStatus(mp4Url, { 'if-none-match': whole.headers.get('etag')! })).toBe(304);
    const outside = await fetch(mp4Url, { headers: { range: `bytes=${size + 10}-` } });
    expect(outside.status).toBe(416);
  });

  test.each(['q+r', 'a@b.c', 'x&y=z', 'semi;colon:$,', '.hidden', 'a/.b/c', '100%', 'q?#', 'ünï cödé', "it's(1)!~*"])(
    'the URL of slug %s leads to its object',
    async (slug) => {
      const url = stack.source.serve('/odd.zip', (await buildTape({ durationsMs: [50] })).zip);
      const { body } = await stack.post(stack.tapeRequest(url, { slug, priority: 'high', options: { scale: 1 } }));
      const { mp4Url, posterUrl } = tapeOutput(await stack.finished(body.jobId));
      for (const address of [mp4Url, posterUrl!]) expect((await fetch(address)).status).toBe(200);
    },
  );

  test('nothing but objects is served', async () => {
    for (const path of [
      '/storage/',
      '/storage/tapes/',
      '/storage/../secrets.json',
      '/storage/..%2f..%2fsecrets.json',
      '/storage/%2e%2e/incoming',
    ]) {
      expect([400, 404]).toContain(await getStatus(stack.url, {}, path));
    }
  });
});
