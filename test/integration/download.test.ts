import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createGuardedAgent, download } from '@tapedeck/transfer';
import { sendFile, startSourceServer, type SourceServer } from '../support/source-server.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const policy = { allowPrivateNetwork: true, allowedPorts: [] };
const agent = createGuardedAgent(policy);
const content = randomBytes(400_000);
let source: SourceServer;
let temp: TempDir;
beforeAll(async () => {
  source = await startSourceServer();
});
afterAll(async () => {
  await agent.destroy();
  await source.stop();
});
beforeEach(async () => {
  temp = await createTempDir('download');
});
afterEach(() => temp.remove());

const fetchTo = (url: string, changes: Partial<Parameters<typeof download>[2]> = {}) =>
  download(url, join(temp.dir, 'file'), {
    agent,
    policy,
    maxBytes: 1_000_000,
    signal: new AbortController().signal,
    ...changes,
    limits: { retryDelayMs: 20, notYetMs: 400, ...changes.limits },
  });

/** Sends a part and breaks the connection, once the part has had time to arrive: a reset overtakes what is on its way. */
function breakOff(response: ServerResponse, part: Buffer): void {
  response.write(part, () => setTimeout(() => response.destroy(), 50));
}
const downloaded = () => readFile(join(temp.dir, 'file'));

test('a file arrives whole', async () => {
  expect(await fetchTo(source.serve('/whole', content))).toEqual({ sizeBytes: content.length });
  expect(await downloaded()).toEqual(content);
});

test('403 and 404 are asked again until the object is public', async () => {
  const url = source.serve('/soon', (request, response, hits) => {
    if (hits <= 3) response.writeHead(hits % 2 ? 403 : 404).end();
    else sendFile(request, response, content);
  });
  await fetchTo(url, { limits: { notYetMs: 30_000 } });
  expect(await downloaded()).toEqual(content);
});

test.each([
  [404, 'SOURCE_NOT_FOUND'],
  [403, 'SOURCE_FORBIDDEN'],
])('%i for ever is %s after the time for it', async (status, code) => {
  const url = source.serve(`/never-${status}`, (_request, response) => response.writeHead(status).end());
  const startedAt = performance.now();
  await expect(fetchTo(url)).rejects.toMatchObject({ code });
  expect(performance.now() - startedAt).toBeGreaterThan(390);
});

test('a transfer that breaks goes on with a Range where it stopped', async () => {
  const ranges: (string | undefined)[] = [];
  const url = source.serve('/breaks', (request, response, hits) => {
    ranges.push(request.headers.range);
    if (hits > 2) return sendFile(request, response, content);
    const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
    response.writeHead(from ? 206 : 200, {
      'content-length': content.length - from,
      etag: '"one"',
      ...(from && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
    });
    breakOff(response, content.subarray(from, from + 100_000));
  });
  await fetchTo(url);
  expect(await downloaded()).toEqual(content);
  expect(ranges[0]).toBeUndefined();
  expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range!))).toBe(true);
});

test('a source that changes between two ranges is downloaded anew', async () => {
  const changed = randomBytes(300_000);
  const url = source.serve('/changes', (request, response, hits) => {
    if (hits > 1) return sendFile(request, response, changed, '"two"');
    response.writeHead(200, { 'content-length': content.length, etag: '"one"' });
    breakOff(response, content.subarray(0, 100_000));
  });
  await fetchTo(url);
  expect(await downloaded()).toEqual(changed);
});

test.each([
  ['another start', `bytes 0-${content.length - 1}/${content.length}`],
  ['another length', (from: number) => `bytes ${from}-${content.length}/${content.length + 1}`],
  ['no range', undefined],
])('a 206 with %s is not appended to what is there', async (what, contentRange) => {
  const url = source.serve(`/mixed-up ${what}`, (request, response, hits) => {
    const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
    if (hits > 2 || from === 0) {
      response.writeHead(200, { 'content-length': content.length, etag: '"one"' });
      return hits > 1 ? void response.end(content) : breakOff(response, content.subarray(0, 100_000));
    }
    const range = typeof contentRange === 'function' ? contentRange(from) : contentRange;
    // As many bytes as are missing, but from the beginning: counting alone would not notice.
    const misplaced = content.subarray(0, content.length - from);
    response.writeHead(206, range === undefined ? {} : { 'content-range': range }).end(misplaced);
  });
  await fetchTo(url);
  expect(await downloaded()).toEqual(content);
});

test('a source that always ends early fails and is never taken for whole', async () => {
  const url = source.serve('/short', (_request, response) => {
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 1000), () => response.destroy());
  });
  await expect(fetchTo(url, { limits: { maxFailures: 3 } })).rejects.toMatchObject({
    code: expect.stringMatching(/^SOURCE_(UNAVAILABLE|TRUNCATED)$/),
  });
});

test('a source that breaks after every piece is given up', async () => {
  const url = source.serve('/crumbs', (request, response) => {
    const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
    const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
    response.writeHead(from ? 206 : 200, {
      'content-length': content.length - from,
      etag: '"one"',
      ...(from && range),
    });
    breakOff(response, content.subarray(from, from + 10));
  });
  await expect(fetchTo(url, { limits: { maxRequests: 5 } })).rejects.toMatchObject({ code: 'SOURCE_TRUNCATED' });
  expect(source.requests.filter((line) => line.endsWith('/crumbs'))).toHaveLength(5);
});

test('a source that drips is too slow', async () => {
  const url = source.serve('/drips', (_request, response) => {
    response.writeHead(200, { 'content-length': content.length });
    const timer = setInterval(() => response.write('x'), 50);
    response.on('close', () => clearInterval(timer));
  });
  await expect(fetchTo(url, { limits: { slowWindowMs: 300 } })).rejects.toMatchObject({ code: 'SOURCE_TIMEOUT' });
});

test('more than accepted is refused, announced or not', async () => {
  await expect(fetchTo(source.serve('/big', content), { maxBytes: 1000 })).rejects.toMatchObject({
    code: 'SOURCE_TOO_LARGE',
  });
  const chunked = source.serve('/chunked', (_request, response) => void response.writeHead(200).end(content));
  await expect(fetchTo(chunked, { maxBytes: 1000 })).rejects.toMatchObject({ code: 'SOURCE_TOO_LARGE' });
});

test('a length that is not announced is taken as it comes', async () => {
  await fetchTo(source.serve('/open-end', (_request, response) => void response.writeHead(200).end(content)));
  expect(await downloaded()).toEqual(content);
});

describe('redirects', () => {
  const redirect = (path: string, location: string) =>
    source.serve(path, (_request, response) => void response.writeHead(302, { location }).end());

  test('three are followed, a fourth is not', async () => {
    source.serve('/end', content);
    redirect('/r1', '/end');
    redirect('/r2', '/r1');
    await fetchTo(redirect('/r3', `${source.url}/r2`));
    expect(await downloaded()).toEqual(content);
    await expect(fetchTo(redirect('/r4', '/r3'))).rejects.toMatchObject({ code: 'SOURCE_URL_REFUSED' });
  });

  test('to another scheme are refused', async () => {
    await expect(fetchTo(redirect('/file', 'file:///etc/passwd'))).rejects.toMatchObject({
      code: 'SOURCE_URL_REFUSED',
    });
  });
});

describe('without the private network', () => {
  const guarded = { policy: { allowPrivateNetwork: false, allowedPorts: [443, 8443] } };
  const publicAgent = createGuardedAgent(guarded.policy);
  afterAll(() => publicAgent.destroy());

  test('a name that resolves to loopback is refused, and the canary is never asked', async () => {
    const before = source.requests.length;
    source.serve('/canary', content);
    const port = new URL(source.url).port;
    for (const url of [
      `https://127.0.0.1:8443/canary`,
      `https://localhost:8443/canary`,
      `https://[::ffff:7f00:1]/canary`,
      `https://0x7f.1/canary`,
      `http://127.0.0.1:${port}/canary`,
    ]) {
      await expect(fetchTo(url, { ...guarded, agent: publicAgent })).rejects.toMatchObject({
        code: 'SOURCE_URL_REFUSED',
      });
    }
    expect(source.requests).toHaveLength(before);
  });

  test('the agent itself refuses what a name resolves to', async () => {
    const lenient = { policy: { allowPrivateNetwork: true, allowedPorts: [] }, agent: publicAgent };
    const url = source.serve('/rebound', content).replace('127.0.0.1', 'localhost');
    await expect(fetchTo(url, lenient)).rejects.toMatchObject({ code: 'SOURCE_URL_REFUSED' });
    expect(source.requests).not.toContain('GET /rebound');
  });
});
