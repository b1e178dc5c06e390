import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startCanary, type Canary } from '../support/canary.ts';
import { poll } from '../support/poll.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

/** The real processes as they run in production: without ALLOW_PRIVATE_NETWORK. */
const REBOUND = 'rebind.tapedeck-test.example';
const MIXED = 'mixed.tapedeck-test.example';
/** Beside loopback, one has a public address that is nobody's. */
const HOSTS = `127.0.0.1 localhost ${REBOUND} ${MIXED}\n2d00::1 ${MIXED}\n`;
const GOOD = 'https://example.com/a';

let canary: Canary;
let temp: TempDir;
let stack: Stack;
beforeAll(async () => {
  canary = await startCanary();
  temp = await createTempDir('hosts');
  const hosts = join(temp.dir, 'hosts');
  await writeFile(hosts, HOSTS);
  stack = await startStack({
    env: { ALLOW_PRIVATE_NETWORK: 'false', ALLOWED_URL_PORTS: `443,8443,${canary.port}` },
    // Names of its own, in a mount namespace of its own: only root may have one.
    wrap: ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts],
  });
});
afterAll(async () => {
  await stack.stop();
  await canary.stop();
  await temp.remove();
});
afterEach(() => expect(canary.connections).toBe(0));

describe.each([REBOUND, MIXED])('%s is accepted, for it may be anybody, and', (host) => {
  test.each(['tapeRequest', 'videoRequest'] as const)('fails a %s once, and is no receiver', async (build) => {
    const url = `https://${host}:${canary.port}/a?signature=secret`;
    const { status, body } = await stack.post(stack[build](url, { callbackUrl: url }));
    expect(status).toBe(202);
    expect(await stack.finished(body.jobId)).toMatchObject({
      status: 'failed',
      attempt: 1,
      error: {
        code: 'SOURCE_URL_REFUSED',
        retryable: false,
        message: expect.stringMatching(/: its name resolves to an address that is not public$/),
      },
    });
    const callback = await poll('the callback to be given up', async () => {
      const { callback: state } = await stack.job(body.jobId);
      return state.status === 'pending' ? undefined : state;
    });
    expect(callback).toEqual({ status: 'exhausted', attempts: 1, lastStatus: null });
    expect(stack.worker!.log()).not.toContain('secret');
  });
});

const REFUSED = [
  ...['http://example.com/', 'ftp://example.com/', 'file:///etc/passwd', 'gopher://example.com/'],
  ...['https://user@example.com/', 'https://user:secret@example.com/', 'https://example.com@127.0.0.1:{port}/'],
  ...['https://example.com:22/', 'https://example.com:80/', 'https://example.com:0/', 'https://example.com:6379/'],
  ...['https://localhost:{port}/', 'https://LOCALHOST.:{port}/', 'https://api.localhost/', 'https://intranet./'],
  ...['https://127.0.0.1:{port}/', 'https://127.1:{port}/', 'https://2130706433:{port}/', 'https://0x7f000001:{port}/'],
  ...[
    'https://0177.0.0.1:{port}/',
    'https://0x7f.0.1:{port}/',
    'https://１２７.0.0.1:{port}/',
    'https://127。0。0。1/',
  ],
  ...[
    'https://%31%32%37.0.0.1:{port}/',
    'https:\\\\127.0.0.1:{port}\\a',
    'https://0:{port}/',
    'https://0.0.0.0:{port}/',
  ],
  ...[
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.0.1/',
    'https://169.254.169.254/',
    'https://100.64.0.1/',
  ],
  ...[
    'https://[::1]:{port}/',
    'https://[::]:{port}/',
    'https://[::ffff:127.0.0.1]:{port}/',
    'https://[::127.0.0.1]:{port}/',
  ],
  ...['https://[64:ff9b::7f00:1]/', 'https://[64:ff9b:1::7f00:1]/', 'https://[2002:7f00:1::]/', 'https://[fe80::1]/'],
  ...['https://[fd00:ec2::254]/', 'https://metadata.google.internal/'],
];

describe.each<[string, string, (url: string) => Record<string, unknown>]>([
  ['zipUrl', 'SOURCE_URL_REFUSED', (zipUrl) => stack.tapeRequest(zipUrl, { callbackUrl: GOOD })],
  ['videoUrl', 'SOURCE_URL_REFUSED', (videoUrl) => stack.videoRequest(videoUrl, { callbackUrl: GOOD })],
  ['callbackUrl', 'CALLBACK_URL_REFUSED', (callbackUrl) => stack.tapeRequest(GOOD, { callbackUrl })],
  [
    'upload.putUrl',
    'UPLOAD_URL_REFUSED',
    (putUrl) => stack.tapeRequest(GOOD, { callbackUrl: GOOD, upload: { putUrl } }),
  ],
  [
    'upload.posterPutUrl',
    'UPLOAD_URL_REFUSED',
    (posterPutUrl) => stack.tapeRequest(GOOD, { callbackUrl: GOOD, upload: { putUrl: GOOD, posterPutUrl } }),
  ],
])('as %s', (_field, code, build) => {
  test.each(REFUSED)('%s is answered 422, with a reason and without the URL', async (template) => {
    const { status, body } = await stack.post(build(template.replace('{port}', String(canary.port))));
    expect({ status, code: body.code }).toEqual({ status: 422, code });
    expect(JSON.stringify(body)).not.toMatch(/secret|127\.0\.0\.1|example\.com/);
  });
});
