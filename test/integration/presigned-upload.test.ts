import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGuardedAgent, putToPresignedUrl, type PresignedUploadOptions } from '@tapedeck/transfer';
import { startSourceServer, type Handler, type SourceServer } from '../support/source-server.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

/** Where callers want their results, and how that can go wrong. */
const SIZE_BYTES = 3_000_000;
const content = randomBytes(SIZE_BYTES);
const policy = { allowPrivateNetwork: true, allowedPorts: [] };
const agent = createGuardedAgent(policy);
let temp: TempDir;
let server: SourceServer;
let path: string;
beforeAll(async () => {
  temp = await createTempDir('presigned');
  path = join(temp.dir, 'out.mp4');
  await writeFile(path, content);
  server = await startSourceServer();
});
afterAll(async () => {
  await agent.destroy();
  await server.stop();
  await temp.remove();
});
beforeEach(() => {
  server.requests.length = 0;
});

const put = (
  putUrl: string,
  changes: Partial<PresignedUploadOptions> = {},
  assertMayPublish = () => Promise.resolve(),
) =>
  putToPresignedUrl(
    { putUrl, path, sizeBytes: SIZE_BYTES, assertMayPublish },
    {
      ...{ agent, policy, signal: AbortSignal.timeout(30_000) },
      ...changes,
      limits: { retryDelaysMs: [20, 40, 60], idleMs: 500, ...changes.limits },
    },
  );

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

/** Takes the body, then answers. */
const answering =
  (status: number, headers: Record<string, string> = {}, text = ''): Handler =>
  (request, response) => {
    request.resume().on('end', () => response.writeHead(status, headers).end(text));
  };

test('the bytes arrive, with their type and length, and no credentials of ours', async () => {
  let arrived: { headers: IncomingMessage['headers']; body: Buffer } | undefined;
  const url = server.serve('/a|b/wand.mp4', (request, response) => {
    void buffer(request).then((body) => {
      arrived = { headers: request.headers, body };
      response.writeHead(200, { etag: `"${md5(body)}"` }).end();
    });
  });
  await put(`${url}?X-Amz-SignedHeaders=host%3Bx-amz-acl&X-Amz-Signature=secret`);
  expect(arrived!.body.equals(content)).toBe(true);
  expect(arrived!.headers).toMatchObject({
    'content-type': 'video/mp4',
    'content-length': String(SIZE_BYTES),
    'x-amz-acl': 'public-read',
  });
  expect(arrived!.headers.authorization).toBeUndefined();
});

test('a 2xx whose body never ends is a 2xx', async () => {
  const url = server.serve('/endless.mp4', (request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { etag: `"${md5(content)}"` });
      const drip = setInterval(() => response.write('x'.repeat(50_000)), 10);
      response.on('close', () => clearInterval(drip));
    });
  });
  await put(url);
  expect(server.requests).toEqual(['PUT /endless.mp4']);
});

test('a header that was not signed is not sent', async () => {
  let headers: IncomingMessage['headers'] = {};
  const url = server.serve('/plain.mp4', (request, response) => {
    headers = { ...headers, ...request.headers };
    request.resume().on('end', () => response.end());
  });
  await put(`${url}?X-Amz-SignedHeaders=host`);
  expect(headers['x-amz-acl']).toBeUndefined();
});

describe('what the store says it holds', () => {
  test('other bytes, by their MD5, are a mismatch', async () => {
    const url = server.serve('/md5.mp4', answering(200, { etag: `"${md5(Buffer.from('other'))}"` }));
    await expect(put(url)).rejects.toMatchObject({ code: 'UPLOAD_MISMATCH', retryable: true });
  });

  test.each([
    ['is fewer bytes', 7, 'UPLOAD_MISMATCH'],
    ['is all of them', SIZE_BYTES, undefined],
  ])('without an MD5, and by HEAD it %s', async (_what, length, code) => {
    const url = server.serve('/head.mp4', (request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { 'content-length': length }).end();
      else answering(200, { etag: '"abc-2"' })(request, response, 1);
    });
    const putting = put(`${url}?signature=secret`);
    await (code ? expect(putting).rejects.toMatchObject({ code }) : putting);
    expect(server.requests).toEqual(['PUT /head.mp4', 'HEAD /head.mp4']);
  });

  test('is taken for granted where it says nothing', async () => {
    const url = server.serve('/secret.mp4', (request, response) => {
      if (request.method === 'HEAD') response.writeHead(403).end();
      else answering(204)(request, response, 1);
    });
    await put(url);
    expect(server.requests).toEqual(['PUT /secret.mp4', 'HEAD /secret.mp4']);
  });

  test('is not looked for in the ETag of what it encrypts', async () => {
    const headers = { etag: `"${'0'.repeat(32)}"`, 'x-amz-server-side-encryption': 'aws:kms' };
    const url = server.serve('/kms.mp4', (request, response) => {
      if (request.method === 'HEAD') response.writeHead(403).end();
      else answering(200, headers)(request, response, 1);
    });
    await put(url);
    expect(server.requests).toEqual(['PUT /kms.mp4', 'HEAD /kms.mp4']);
  });
});

describe('a refusal', () => {
  test.each([
    [403, '<Error><Code>AccessDenied</Code><Message>secret</Message></Error>', 'status 403, AccessDenied'],
    [404, '', 'status 404'],
    [412, '', 'status 412'],
  ])('of %d is final, says its code, and nothing else of the answer', async (status, text, message) => {
    const url = server.serve('/refused.mp4', answering(status, {}, text));
    const refused = await put(url).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'UPLOAD_REFUSED', retryable: false });
    expect((refused as Error).message).toMatch(new RegExp(`: ${message}$`));
    expect(server.requests).toHaveLength(1);
  });

  test('before it has read anything', async () => {
    const url = server.serve('/early.mp4', (_request, response) => {
      response.writeHead(403, { connection: 'close' }).end('<Code>ExpiredToken</Code>');
    });
    await expect(put(url)).rejects.toMatchObject({ code: 'UPLOAD_REFUSED' });
  });

  test('and a redirect is one: a signature is for one address', async () => {
    const canary = server.serve('/canary.mp4', answering(200));
    const url = server.serve('/moved.mp4', answering(307, { location: canary }));
    await expect(put(url)).rejects.toMatchObject({ code: 'UPLOAD_REFUSED' });
    expect(server.requests).toEqual(['PUT /moved.mp4']);
  });

  test.each([
    ['http://10.0.0.1/x.mp4', 'http'],
    ['https://127.0.0.1/x.mp4', 'public address'],
    ['https://user:pass@example.com/x.mp4', 'user name'],
  ])('of %s comes before anything is sent', async (url, why) => {
    await expect(put(url, { policy: { allowPrivateNetwork: false, allowedPorts: [443, 8443] } })).rejects.toMatchObject(
      {
        code: 'UPLOAD_URL_REFUSED',
        message: expect.stringContaining(why),
      },
    );
  });
});

describe('another try', () => {
  test.each<[string, Handler]>([
    ['a busy server', answering(503)],
    ['too many requests', answering(429)],
    ['a connection that breaks', (request) => request.once('data', () => request.destroy())],
    ['an answer that is lost', (request, response) => request.resume().on('end', () => response.destroy())],
    ['a server that hangs', (request) => request.resume()],
    ['a server that reads nothing', (request) => request.pause()],
  ])('follows %s', async (_what, misbehave) => {
    const url = server.serve(`/${crypto.randomUUID()}.mp4`, (request, response, hits) => {
      if (hits === 1) misbehave(request, response, hits);
      else answering(200, { etag: `"${md5(content)}"` })(request, response, hits);
    });
    await put(url);
    expect(server.requests).toHaveLength(2);
  });

  test('waits as long as it is told', async () => {
    const url = server.serve('/later.mp4', (request, response, hits) =>
      answering(hits === 1 ? 503 : 200, { 'retry-after': '1' })(request, response, hits),
    );
    const startedAt = performance.now();
    await put(url, { limits: { idleMs: 5_000 } });
    expect(performance.now() - startedAt).toBeGreaterThan(950);
  });

  test('does not follow the fourth', async () => {
    const url = server.serve('/busy.mp4', answering(500));
    await expect(put(url)).rejects.toMatchObject({ code: 'UPLOAD_UNAVAILABLE', retryable: true });
    expect(server.requests).toHaveLength(4);
  });

  test('is not made by an attempt that lost its job', async () => {
    const url = server.serve('/lost.mp4', answering(503));
    let asked = 0;
    const lost = put(url, {}, () => {
      asked += 1;
      return asked === 1 ? Promise.resolve() : Promise.reject(new Error('lost'));
    });
    await expect(lost).rejects.toThrow('lost');
    expect(server.requests).toHaveLength(1);
  });

  test('is not made when the worker stops', async () => {
    const stopping = new AbortController();
    const url = server.serve('/stopped.mp4', () => stopping.abort(new Error('stopping')));
    await expect(put(url, { signal: stopping.signal })).rejects.toThrow('stopping');
    expect(server.requests).toHaveLength(1);
  });
});
