import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { startStack, TOKEN, type Stack } from '../support/stack.ts';

/** What the API makes of requests that no caller of it would send. */
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ worker: false, env: { AUTH_FAILURES_MAX: '1000' } });
});
afterAll(() => stack.stop());

/** Sends these bytes and returns everything that comes back until the connection ends. */
function talk(text: string): Promise<string> {
  const { hostname, port } = new URL(stack.url);
  return new Promise((done, fail) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.on('end', () => done(answer)).on('error', fail);
  });
}

test('what no route ever sees is a problem, too', async () => {
  for (const path of ['/storage/a%00b', '/api/jobs/%ff', '/storage/a%', `/api/jobs/${'a'.repeat(2000)}`]) {
    const answer = await fetch(stack.url + path, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  }
  expect(await talk('GET / HTTP/1.1\r\nbad header\r\n\r\n')).toMatch(
    /^HTTP\/1.1 400 [^]*problem\+json[^]*"code":"REQUEST_INVALID"/,
  );
});

test.each([
  ['headers', 'POST /convert HTTP/1.1\r\nhost: x\r\n'],
  [
    'body',
    `POST /convert HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
  ],
])('%s that never end are 408', async (_part, text) => {
  expect(await talk(text)).toMatch(/^HTTP\/1.1 408 [^]*problem\+json[^]*"code":"REQUEST_TIMEOUT"/);
});

test('what is not there is a problem, too', async () => {
  const answer = await fetch(`${stack.url}/nowhere`);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(await answer.json()).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  expect(await stack.job('tape_unknown')).toMatchObject({ status: 404, code: 'NOT_FOUND' });
});

const authorization = `Bearer ${TOKEN}`;

describe('another method than a route takes', () => {
  test.each([
    ['GET', '/convert', 'POST, OPTIONS'],
    ['PUT', '/convert', 'POST, OPTIONS'],
    ['POST', '/health', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/api/jobs/tape_x', 'GET, HEAD, DELETE, OPTIONS'],
    ['DELETE', '/api/jobs/tape_x/cancel', 'POST, OPTIONS'],
    ['PUT', '/storage/tapes/a.mp4', 'GET, HEAD, OPTIONS'],
  ])('%s %s is 405, and the answer says which', async (method, path, allow) => {
    const answer = await fetch(stack.url + path, { method, headers: { authorization } });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
    const [first = ''] = allow.split(', OPTIONS');
    expect(await answer.json()).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
      detail: expect.stringContaining(`expected ${first.replaceAll(', ', ' or ')}, got ${method}`),
    });
  });

  test.each(['TRACE', 'CONNECT', 'BREW'])('%s does nothing', async (method) => {
    expect(await talk(`${method} /convert HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)).not.toMatch(
      /^HTTP\/1.1 2/,
    );
  });
});

test('OPTIONS says what there is, and lets no other site in', async () => {
  const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
  const answer = await fetch(`${stack.url}/convert`, { method: 'OPTIONS', headers });
  expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'POST, OPTIONS']);
  for (const name of answer.headers.keys()) expect(name).not.toMatch(/^access-control/);
  expect((await fetch(`${stack.url}/nowhere`, { method: 'OPTIONS' })).status).toBe(404);
});

test('a player on another site may ask storage for ranges, and nobody may change it', async () => {
  const headers = { origin: 'https://player.example', 'access-control-request-method': 'GET' };
  const answer = await fetch(`${stack.url}/storage/media/a/master.m3u8`, { method: 'OPTIONS', headers });
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD',
    'access-control-allow-headers': 'range, if-range, if-none-match',
  });
  const { headers: ofJobs } = await fetch(`${stack.url}/api/jobs/tape_x`, { headers: { authorization } });
  expect(ofJobs.get('access-control-allow-origin')).toBeNull();
});

test('HEAD is GET without a body', async () => {
  const answer = await fetch(`${stack.url}/health/live`, { method: 'HEAD' });
  expect([answer.status, await answer.text()]).toEqual([200, '']);
  expect(answer.headers.get('content-length')).toBe('15');
});

test('headers above 16 KB are 431', async () => {
  const answer = await talk(`GET /health HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(20_000)}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1.1 431 [^]*problem\+json[^]*"code":"HEADERS_TOO_LARGE"/);
});

test('who does not hang up after such an answer holds up no deploy', async () => {
  const own = await startStack({ worker: false });
  const { hostname, port } = new URL(own.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.resume().write('GET / HTTP/1.1\r\nbad header\r\n\r\n');
  await once(socket, 'end');
  const startedAt = performance.now();
  await own.stop();
  expect(performance.now() - startedAt).toBeLessThan(8_000);
  socket.destroy();
});

test.each([
  ['two lengths', 'content-length: 5\r\ncontent-length: 6'],
  ['a length and chunks', 'content-length: 5\r\ntransfer-encoding: chunked'],
  ['a length that is none', 'content-length: -1'],
  ['chunks by another name', 'transfer-encoding: chunked, identity'],
])('%s, by which one request is made to look like two, are refused', async (_what, lines) => {
  const head = `POST /convert HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n`;
  const answer = await talk(
    `${head}content-type: application/json\r\n${lines}\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect(answer.match(/^HTTP\/1.1 /gm)).toHaveLength(1);
});

test('every answer keeps browsers from guessing, framing and telling', async () => {
  for (const path of ['/health', '/nowhere', '/api/jobs/x']) {
    expect(Object.fromEntries((await fetch(stack.url + path)).headers)).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
  }
});
