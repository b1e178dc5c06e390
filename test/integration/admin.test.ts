import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import secureSession from '@fastify/secure-session';
import Fastify from 'fastify';
import { hashPassword, VERSION } from '@tapedeck/runtime';
import { buildDashboard } from '../../scripts/build-dashboard.ts';
import { loadConfig } from '../../apps/api/src/config.ts';
import { poll } from '../support/poll.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { WebClient } from '../support/web-client.ts';

/** /admin with passwords, as browsers and others meet it. */
const PASSWORD = 'correct horse battery staple';
const VIEWERS_PASSWORD = 'only looking, thank you';
let stack: Stack;
beforeAll(async () => {
  const [admin, viewer] = await Promise.all([hashPassword(PASSWORD), hashPassword(VIEWERS_PASSWORD), buildDashboard()]);
  stack = await startStack({
    worker: false,
    env: { ADMIN_PASSWORD_HASH: admin, VIEWER_PASSWORD_HASH: viewer, AUTH_FAILURES_MAX: '1000' },
  });
});
afterAll(() => stack.stop());

async function signIn(password = PASSWORD, { url } = stack): Promise<WebClient> {
  const client = new WebClient(url);
  const answer = await client.post('/admin/login', { password });
  expect(answer.status).toBe(303);
  return client;
}

describe('signing in', () => {
  test('with the password leads to where one wanted to go', async () => {
    const client = new WebClient(stack.url);
    const first = await client.get('/admin/queues?page=2');
    expect([first.status, first.headers.get('location')]).toEqual([
      302,
      '/admin/login?to=%2Fadmin%2Fqueues%3Fpage%3D2',
    ]);
    const page = await client.get(first.headers.get('location')!);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<form method="post"')]);
    const answer = await client.post(first.headers.get('location')!, { password: PASSWORD });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/admin/queues?page=2']);
    expect(await (await client.get('/admin')).text()).toContain('<div id="root">');
    expect(await (await client.get('/admin/api/session')).json()).toEqual({
      ...{ name: 'admin', role: 'admin', environmentName: '', version: VERSION },
    });
  });

  test.each([
    'https://evil.example',
    '//evil.example/admin',
    '/\\evil.example',
    '/convert',
    '/admin/../convert',
    '/administrator',
  ])('never leads to %s', async (to) => {
    const answer = await new WebClient(stack.url).post(`/admin/login?to=${encodeURIComponent(to)}`, {
      password: PASSWORD,
    });
    expect(answer.headers.get('location')).toBe('/admin');
  });

  test('keeps the session in a cookie that scripts and other sites do not get', async () => {
    const answer = await new WebClient(stack.url).post('/admin/login', { password: PASSWORD });
    const cookie = answer.headers.get('set-cookie')!;
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(cookie).toMatch(/^tapedeck=.+Max-Age=86400/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('with another password is refused, in a page for people and a problem for programs', async () => {
    const client = new WebClient(stack.url);
    const page = await client.post('/admin/login', { password: 'correct horse' });
    expect([page.status, await page.text()]).toEqual([401, expect.stringContaining('That is not the password.')]);
    const problem = await client.post('/admin/login', { password: '' }, { accept: '*/*' });
    expect([problem.status, await problem.json()]).toEqual([401, expect.objectContaining({ code: 'UNAUTHORIZED' })]);
    expect(client.cookies.size).toBe(0);
  });

  test('is refused to a page of another site', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    const answer = await new WebClient(stack.url).post('/admin/login', { password: PASSWORD }, headers);
    expect(answer.status).toBe(403);
  });
});

describe('a session', () => {
  test('ends for every copy of its cookie when one signs out', async () => {
    const client = await signIn();
    const copy = new WebClient(stack.url);
    for (const [name, value] of client.cookies) copy.cookies.set(name, value);
    expect((await copy.get('/admin')).status).toBe(200);
    expect((await client.post('/admin/logout')).headers.get('location')).toBe('/admin/login');
    expect(client.cookies.size).toBe(0);
    expect((await copy.get('/admin')).status).toBe(302);
  });

  test('that somebody has changed is none', async () => {
    const client = await signIn();
    const [[name, value] = ['', '']] = client.cookies;
    client.cookies.set(
      name,
      value.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
    );
    expect((await client.get('/admin')).status).toBe(302);
  });

  test.each([
    ['23 hours', 23, 200],
    ['25 hours', 25, 302],
  ])('of %s ago', async (_age, hours, status) => {
    // The same key, and a time that only we can have written; the cookie's own clock starts anew with every change.
    const maker = Fastify();
    await maker.register(secureSession, { key: loadConfig(stack.env).access!.sessionKey });
    const signedInAtMs = Date.now() - hours * 3_600_000;
    const session = maker.createSecureSession({
      signedIn: { name: 'me', role: 'admin', sessionId: 'x', signedInAtMs },
    });
    const client = new WebClient(stack.url);
    client.cookies.set('tapedeck', encodeURIComponent(maker.encodeSecureSession(session)));
    expect((await client.get('/admin')).status).toBe(status);
  });
});

const PAUSE = '/admin/queues/api/queues/pause';
const RESUME = '/admin/queues/api/queues/resume';

describe('a write', () => {
  test.each<[string, Record<string, string>, number]>([
    ['from a page of ours', { 'sec-fetch-site': 'same-origin' }, 200],
    ['from a page of ours, as an old browser tells it', { origin: 'OURS' }, 200],
    ['from nowhere', {}, 403],
    ['from another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
    ['from a neighbour', { 'sec-fetch-site': 'same-site', origin: 'OURS' }, 403],
    ['from another site, as an old browser tells it', { origin: 'https://evil.example' }, 403],
    ['from a page without an origin', { origin: 'null' }, 403],
  ])('%s: %j is answered with %i', async (_what, headers, status) => {
    const client = await signIn();
    const sent = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('OURS', stack.url)]),
    );
    expect((await client.send('PUT', PAUSE, sent)).status).toBe(status);
    expect((await client.send('PUT', RESUME, sent)).status).toBe(status);
  });
});

test('pausing is seen by whoever asks for our health', async () => {
  const client = await signIn();
  const paused = async () => ((await (await fetch(`${stack.url}/health`)).json()) as Health).checks.queues.paused;
  for (const [path, names] of [
    [PAUSE, ['conversions', 'callbacks']],
    [RESUME, []],
  ] as const) {
    await client.send('PUT', path, { 'sec-fetch-site': 'same-origin' });
    expect(await paused()).toEqual(names);
  }
});

interface Health {
  checks: { queues: { paused: string[] } };
}

test.each([
  ['PUT', '/admin/queues/api/queues/conversions/empty'],
  ['PUT', '/admin/queues/api/queues/conversions/obliterate'],
  ['POST', '/admin/queues/api/queues/conversions/add'],
  ['PATCH', '/admin/queues/api/queues/conversions/x/update-data'],
  ['PUT', '/admin/queues/api/queues/conversions/x/clean'],
])('not even an admin goes past the records: %s %s', async (method, path) => {
  const answer = await (await signIn()).send(method, path, { 'sec-fetch-site': 'same-origin' });
  expect([answer.status, await answer.json()]).toEqual([
    403,
    expect.objectContaining({ detail: expect.stringContaining('go past the records') }),
  ]);
});

describe('a viewer', () => {
  test('sees the queues, without buttons', async () => {
    const viewer = await signIn(VIEWERS_PASSWORD);
    const seen = async (client: WebClient) => {
      const { queues } = (await (await client.get('/admin/queues/api/queues')).json()) as {
        queues: { name: string; readOnlyMode: boolean }[];
      };
      return queues.map(({ name, readOnlyMode }) => [name, readOnlyMode]);
    };
    expect(await seen(viewer)).toEqual([
      ['conversions', true],
      ['callbacks', true],
    ]);
    expect((await seen(await signIn())).map(([, readOnly]) => readOnly)).toEqual([false, false]);
  });

  test.each([
    ['PUT', PAUSE],
    ['PUT', '/admin/queues/api/queues/conversions/empty'],
    ['POST', '/admin/queues/api/queues/conversions/add'],
    ['PATCH', '/admin/queues/api/queues/conversions/1/delay'],
  ])('cannot %s %s', async (method, path) => {
    const viewer = await signIn(VIEWERS_PASSWORD);
    const answer = await viewer.send(method, path, { 'sec-fetch-site': 'same-origin' });
    expect([answer.status, await answer.json()]).toEqual([403, expect.objectContaining({ code: 'FORBIDDEN' })]);
  });

  test('can sign out', async () => {
    const viewer = await signIn(VIEWERS_PASSWORD);
    expect((await viewer.post('/admin/logout')).status).toBe(303);
  });
});

test('pages may load nothing from elsewhere, and be framed by nobody', async () => {
  const { headers } = await new WebClient(stack.url).get('/admin/login');
  const policy = headers.get('content-security-policy')!;
  expect(policy).toContain("default-src 'none';script-src 'self';style-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  expect(headers.get('x-frame-options')).toBe('DENY');
});

test('without Redis nobody may guess: logins wait until they can be counted', async () => {
  await stack.redis.kill();
  const answer = await new WebClient(stack.url).post('/admin/login', { password: PASSWORD });
  expect(answer.status).toBe(503);
  await stack.redis.start();
  await poll('logins to be counted again', async () => {
    const again = await new WebClient(stack.url).post('/admin/login', { password: PASSWORD });
    return again.status === 303 || undefined;
  });
});

describe('another stack', () => {
  test('behind TLS has cookies for TLS alone', async () => {
    const { ADMIN_PASSWORD_HASH = '' } = stack.env;
    const tls = await startStack({
      worker: false,
      env: { ADMIN_PASSWORD_HASH, PUBLIC_URL: 'https://tapedeck.example' },
    });
    try {
      const client = new WebClient(tls.url);
      const origin = 'https://tapedeck.example';
      const answer = await client.post(
        '/admin/login',
        { password: PASSWORD },
        { 'sec-fetch-site': 'same-origin', origin },
      );
      expect(answer.headers.get('set-cookie')).toMatch(/^__Host-tapedeck=.+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      // The proxy in front knows the name; we are asked under another.
      expect((await client.send('PUT', PAUSE, { origin })).status).toBe(200);
    } finally {
      await tls.stop();
    }
  });

  test('without a password and a provider has no /admin at all', async () => {
    const closed = await startStack({ worker: false });
    try {
      for (const path of ['/admin', '/admin/login', '/admin/queues', '/admin/queues/api/queues']) {
        expect((await new WebClient(closed.url).get(path)).status).toBe(404);
      }
    } finally {
      await closed.stop();
    }
  });

  test('lets nobody guess for long: from one network so many logins, then 429, even with the right password', async () => {
    const { ADMIN_PASSWORD_HASH = '' } = stack.env;
    const strict = await startStack({
      worker: false,
      env: { ADMIN_PASSWORD_HASH, AUTH_FAILURES_MAX: '3', AUTH_FAILURES_WINDOW_MS: '60000' },
    });
    try {
      const client = new WebClient(strict.url);
      for (let nth = 0; nth < 3; nth += 1)
        expect((await client.post('/admin/login', { password: 'guess' })).status).toBe(401);
      const answer = await client.post('/admin/login', { password: PASSWORD });
      expect([answer.status, client.cookies.size]).toEqual([429, 0]);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(50);
    } finally {
      await strict.stop();
    }
  });
});
