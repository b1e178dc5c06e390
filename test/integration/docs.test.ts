import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isTapeOutput } from '@tapedeck/contracts';
import { CONVERT_REQUESTS } from '../../apps/api/src/docs/examples.ts';
import type { OpenApiDocument, Operation } from '../../apps/api/src/docs/openapi.ts';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { closeSchemas, createDocumentCheck, escapePointer, listOperations } from '../support/openapi.ts';
import { listRoutes } from '../support/routes.ts';
import { startStack, TOKEN, type Stack } from '../support/stack.ts';
import { buildTape } from '../support/tape-layouts.ts';

/** What the document says, held against what the API does. */
let stack: Stack;
let document: OpenApiDocument;
beforeAll(async () => {
  stack = await startStack({ env: { AUTH_FAILURES_MAX: '5', ALLOWED_BUCKETS: 'tapes,media' } });
  document = (await (await fetch(`${stack.url}/docs/json`)).json()) as OpenApiDocument;
});
afterAll(() => stack.stop());

/** There, and not for callers: the pages of operators, and the document itself. */
const NOT_DOCUMENTED = ['/admin', '/docs'];

test('every route is in the document, and nothing else', async () => {
  const routes = await listRoutes(stack.env);
  const callers = routes.filter(
    ({ method, path }) =>
      // Of every GET there is a HEAD; OPTIONS is what browsers ask before.
      !['HEAD', 'OPTIONS'].includes(method) && !NOT_DOCUMENTED.some((prefix) => path.startsWith(prefix)),
  );
  const there = callers.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  const documented = listOperations(document).map(([name]) => name.replace('{bucket}/{key}', '*'));
  expect(there.toSorted()).toEqual(documented.toSorted());
});

test('the document is for everybody, names this server, and may be kept for a while', async () => {
  for (const path of ['/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/swagger-ui.css']) {
    const answer = await fetch(stack.url + path);
    expect([path, answer.status]).toEqual([path, 200]);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    expect(answer.headers.get('content-security-policy')).not.toMatch(/unsafe|https?:/);
  }
  expect(document).toMatchObject({ openapi: '3.1.1', servers: [{ url: stack.url }] });
});

test('the policy of the page is not that of the rest', async () => {
  const policy = async (path: string) => (await fetch(stack.url + path)).headers.get('content-security-policy');
  expect(await policy('/health')).not.toBe(await policy('/docs'));
});

interface Asked {
  /** As the document spells it: `GET /api/jobs/{jobId}`. */
  name: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Asks, and holds the answer against the document: its status, its headers, its body with nothing beside it. */
async function ask({ name, path, body, headers = {} }: Asked): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(stack.url + path, {
    method: name.split(' ')[0]!,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const [, operation] = listOperations(document).find(([known]) => known === name)!;
  const { status } = answer;
  const described = operation.responses[status];
  if (!described) throw new Error(`${name} answered ${status}, which is not documented: ${await answer.text()}`);
  for (const header of Object.keys(described.headers ?? {})) {
    expect([name, status, header, answer.headers.has(header)]).toEqual([name, status, header, true]);
  }
  const mediaType = answer.headers.get('content-type')!.split(';')[0]!;
  expect([name, Object.keys(described.content!)]).toEqual([name, [mediaType]]);
  const parsed: unknown = await answer.json();
  expect([name, status, findFaults(name, status, mediaType, parsed)]).toEqual([name, status, []]);
  expectCode(operation, status, parsed);
  return { status, body: parsed };
}

function findFaults(name: string, status: number, mediaType: string, value: unknown): string[] {
  const [method = '', path = ''] = name.split(' ');
  const place = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', mediaType, 'schema'];
  const pointer = place.map((key) => `/${escapePointer(key)}`).join('');
  return createDocumentCheck(closeSchemas(document)).findFaults(pointer, value);
}

/** Of a problem: a code that is documented there. */
function expectCode({ operationId, responses }: Operation, status: number, body: unknown): void {
  const examples = responses[status]!.content?.['application/problem+json']?.examples;
  if (!examples) return;
  const { code } = body as { code: string };
  expect([operationId, status, Object.keys(examples)]).toEqual([operationId, status, expect.arrayContaining([code])]);
}

describe('what is answered is what is documented', () => {
  const CONVERT = 'POST /convert';
  const convert = (body: unknown, headers = {}) => ask({ name: CONVERT, path: '/convert', body, headers });
  const of = (name: string, jobId: string, rest = '') => ask({ name, path: `/api/jobs/${jobId}${rest}` });

  test('of a tape, from its request to its end', async () => {
    const { zip } = await buildTape({ width: 16, height: 12 });
    const request = stack.tapeRequest(stack.source.serve('/a.zip', zip), { metadata: { piece: 'wand' } });
    const key = { 'idempotency-key': 'one' };
    const { status, body } = await convert(request, key);
    expect(status).toBe(202);
    const { jobId } = body as { jobId: string };
    expect(await convert(request, key)).toMatchObject({ status: 200, body: { jobId, duplicate: true } });
    expect(await convert({ ...request, slug: 'other' }, key)).toMatchObject({ status: 409 });
    const job = await stack.finished(jobId);
    expect(job.output && isTapeOutput(job.output)).toBe(true);
    expect(await of('GET /api/jobs/{jobId}', jobId)).toMatchObject({ status: 200, body: { status: 'completed' } });
    expect(await of('POST /api/jobs/{jobId}/retry', jobId, '/retry')).toMatchObject({ status: 409 });
    expect(await of('POST /api/jobs/{jobId}/cancel', jobId, '/cancel')).toMatchObject({ status: 409 });
    expect(await of('POST /api/jobs/{jobId}/callback', jobId, '/callback')).toMatchObject({ status: 202 });
    const [callback] = await stack.receiver.waitFor(jobId);
    expectCallback(callback!);
    expect(await of('DELETE /api/jobs/{jobId}', jobId, '?delete_files=maybe')).toMatchObject({ status: 400 });
    expect(await of('DELETE /api/jobs/{jobId}', jobId, '?delete_files=true')).toMatchObject({
      body: { deleted_files: 2 },
    });
    expect(await of('GET /api/jobs/{jobId}', jobId)).toMatchObject({ status: 404 });
  });

  test('of a video', async () => {
    const video = await buildSampleVideo({ width: 64, height: 48, durationSec: 1 });
    const request = stack.videoRequest(stack.source.serve('/a.mp4', video), { options: { storyboard: true } });
    const { jobId } = (await convert(request)).body as { jobId: string };
    expect(await stack.finished(jobId)).toMatchObject({ status: 'completed' });
    expect(await of('GET /api/jobs/{jobId}', jobId)).toMatchObject({ status: 200, body: { kind: 'hls' } });
    expectCallback((await stack.receiver.waitFor(jobId))[0]!);
  });

  test('of a job that fails, is begun again, and canceled', async () => {
    const request = stack.tapeRequest(stack.source.serve('/no.zip', Buffer.from('no zip')));
    const { jobId } = (await convert(request)).body as { jobId: string };
    expect(await stack.finished(jobId)).toMatchObject({ status: 'failed' });
    expect(await of('GET /api/jobs/{jobId}', jobId)).toMatchObject({ body: { error: { code: 'ARCHIVE_INVALID' } } });
    const reference = String(request.mongoId);
    expect(await ask({ name: 'GET /api/post/{wp_post_id}', path: `/api/post/${reference}` })).toMatchObject({
      status: 200,
      body: { jobId },
    });
    const compress = { name: 'POST /api/compress/{wp_post_id}', path: `/api/compress/${reference}` };
    expect(await ask({ ...compress, body: { priority: 'soon' } })).toMatchObject({ status: 400 });
    expect(await ask({ ...compress, body: { priority: 'high' } })).toMatchObject({ status: 202, body: { jobId } });
    await stack.finished(jobId);
    expectCallback((await stack.receiver.waitFor(jobId))[0]!);
    expect(await of('POST /api/jobs/{jobId}/retry', jobId, '/retry')).toMatchObject({ status: 202 });
    await stack.finished(jobId);
    expect(await of('DELETE /api/jobs/{jobId}', jobId)).toMatchObject({ status: 200 });
  });

  test('of a request that is refused', async () => {
    const good = stack.tapeRequest('https://example.com/a.zip');
    expect(await convert({ ...good, zipUrl: undefined })).toMatchObject({ status: 400 });
    expect(await convert('{')).toMatchObject({ status: 400 });
    expect(await convert({ ...good, bucket: 'other' })).toMatchObject({ status: 403 });
    expect(await convert({ ...good, metadata: { text: 'x'.repeat(300_000) } })).toMatchObject({ status: 413 });
    expect(await convert(good, { 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
    expect(await convert({ ...good, zipUrl: 'ftp://example.com/a.zip' })).toMatchObject({ status: 422 });
    expect(await convert({ ...good, callbackUrl: 'https://me:pw@example.com/' })).toMatchObject({ status: 422 });
    expect(await convert(good, { 'idempotency-key': 'x'.repeat(256) })).toMatchObject({ status: 400 });
  });

  test('of a job that is not there', async () => {
    for (const [name] of listOperations(document).filter(([known]) => known.includes('{jobId}'))) {
      const path = name.split(' ')[1]!.replace('{jobId}', 'tape_unknown');
      const { body } = await ask({ name, path });
      expect(body).toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  const NUMBER = expect.any(Number);
  const rows: [name: string, path: string, expected: object][] = [
    ['GET /health', '/health', { status: 'ok' }],
    ['GET /health/live', '/health/live', { status: 'ok' }],
    ['GET /health/ready', '/health/ready', { status: 'ok' }],
    ['GET /api/jobs', '/api/jobs?status=completed,failed&limit=2', { limit: 2, offset: 0, total: NUMBER }],
    ['GET /api/jobs', '/api/jobs?limit=0', { code: 'REQUEST_INVALID' }],
    ['GET /api/jobs', '/api/jobs?page=2', { code: 'REQUEST_INVALID' }],
    ['GET /api/stats', '/api/stats', { total: NUMBER }],
    ['GET /api/post/{wp_post_id}', '/api/post/4711', { code: 'NOT_FOUND' }],
    ['DELETE /api/post/{wp_post_id}', '/api/post/4711', { code: 'NOT_FOUND' }],
    ['POST /api/compress/{wp_post_id}', '/api/compress/4711', { code: 'NOT_FOUND' }],
  ];
  test.each(rows)('of %s: %s', async (name, path, expected) => {
    expect((await ask({ name, path })).body).toMatchObject(expected);
  });

  // Last: who failed that often waits.
  test('of nobody, and of who tries too often', async () => {
    const answers = [];
    for (let tries = 0; tries < 6; tries += 1) {
      answers.push(
        await ask({ name: 'GET /api/jobs/{jobId}', path: '/api/jobs/x', headers: { authorization: 'Bearer wrong' } }),
      );
    }
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429]);
  });
});

function expectCallback({ event, headers }: { event: unknown; headers: Record<string, string> }): void {
  const { parameters = [] } = document.webhooks.conversionEnded!.post!;
  for (const { name } of parameters) expect(headers).toHaveProperty(name.toLowerCase());
  const check = createDocumentCheck(closeSchemas(document));
  expect(check.findFaults('/components/schemas/Callback', event)).toEqual([]);
}

describe('each request of the document is taken', () => {
  let api: Stack;
  beforeAll(async () => {
    // Nobody works on them: their sources are not there.
    api = await startStack({ worker: false, env: { ALLOW_PRIVATE_NETWORK: 'false' } });
  });
  afterAll(() => api.stop());

  test.each(Object.keys(CONVERT_REQUESTS))('%s', async (name) => {
    const content = document.paths['/convert']!.post!.requestBody!.content['application/json']!;
    const example = content.examples![name]!;
    if (!('value' in example)) throw new Error(`expected an example, got a reference`);
    expect(await api.post(example.value)).toMatchObject({ status: 202 });
  });
});
