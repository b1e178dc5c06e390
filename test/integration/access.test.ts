import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createApiKey, hashPassword } from '@tapedeck/runtime';
import { listRoutes, type Route } from '../support/routes.ts';
import { startStack, TOKEN, type Stack } from '../support/stack.ts';
import { WebClient } from '../support/web-client.ts';

/** Who may ask for what, and how often. */
const PASSWORD = 'correct horse battery staple';
const ZIP_URL = 'https://example.com/a.zip';
let passwordHash: string;
let stack: Stack;
beforeAll(async () => {
  passwordHash = await hashPassword(PASSWORD);
  stack = await startStack({
    worker: false,
    env: {
      ADMIN_PASSWORD_HASH: passwordHash,
      AUTH_FAILURES_MAX: '1000000',
      OIDC_ISSUER: 'http://127.0.0.1:1',
      ...OIDC,
    },
  });
});
afterAll(() => stack.stop());
const OIDC = { OIDC_CLIENT_ID: 'tapedeck', OIDC_CLIENT_SECRET: 'secret', ADMIN_EMAILS: 'me@example.com' };

/** What everybody may ask for. The rest wants a token, and below /admin a session. */
const PUBLIC = [
  // Unless METRICS_TOKEN is set.
  'GET /metrics',
  ...['GET /health', 'GET /health/live', 'GET /health/ready', 'GET /storage/x/y', 'OPTIONS /storage/x/y'],
  ...['GET /docs', 'GET /docs/', 'GET /docs/json', 'GET /docs/yaml', 'GET /docs/static/x/y'],
  ...['GET /docs/static/index.html', 'GET /docs/static/swagger-initializer.js'],
  ...['GET /admin/login', 'POST /admin/login', 'GET /admin/login/style.css'],
  ...['GET /admin/login/oidc', 'GET /admin/login/oidc/callback'],
];

test('each route asks for a token, or for a session, but for those that are meant for everybody', async () => {
  const routes = (await listRoutes(stack.env))
    .filter(({ method }) => method !== 'QUERY' && method !== 'TRACE')
    .map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+/g, 'x').replace('*', 'x/y') }));
  const ask = async ({ method, path }: Route, headers = {}) => {
    const answer = await fetch(stack.url + path, { method, headers, redirect: 'manual' });
    const { status } = answer;
    if (status === 401) expect(answer.headers.get('content-type')).toBe('application/problem+json');
    return { asked: `${method.replace('HEAD', 'GET')} ${path}`, status };
  };
  const isClosed = (status: number) => status === 401;
  const answers = await Promise.all(routes.map((route) => ask(route)));
  const open = answers.filter(({ status }) => !isClosed(status)).map(({ asked }) => asked);
  // 401 is also how a login answers.
  expect([...new Set(open), 'POST /admin/login'].toSorted()).toEqual(PUBLIC.toSorted());
  expect(routes.length).toBeGreaterThan(60);

  // A token opens nothing of /admin, a session nothing else.
  const client = new WebClient(stack.url);
  await client.post('/admin/login', { password: PASSWORD });
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const closed = routes.filter(({ method, path }) => !PUBLIC.includes(`${method.replace('HEAD', 'GET')} ${path}`));
  for (const route of closed) {
    const foreign = route.path.startsWith('/admin') ? { authorization: `Bearer ${TOKEN}` } : { cookie };
    expect(await ask(route, foreign)).toMatchObject({ status: 401 });
  }
});

test.each([
  '/admin%2fqueues',
  '//admin/queues',
  '/ADMIN/queues',
  '/admin/queues/',
  '/admin/./queues',
  '/admin;x/queues',
  '/x/../admin',
])('%s is no way round the login', async (path) => {
  const { status } = await fetch(stack.url + path, { redirect: 'manual' });
  expect([401, 404]).toContain(status);
});

describe('a key', () => {
  test('works beside the one that replaces it, and no longer than it is listed', async () => {
    const [older, newer] = [createApiKey('netlify'), createApiKey('netlify')];
    const both = await startStack({
      worker: false,
      env: { API_KEYS: `${older.line}, ${newer.line}`, RATE_LIMIT_MAX: '3' },
    });
    try {
      const send = async ({ key }: typeof older) =>
        (await both.post(both.tapeRequest(ZIP_URL), { authorization: `Bearer ${key}` })).status;
      // One caller, one count.
      expect([await send(older), await send(newer), await send(older), await send(newer)]).toEqual([
        202, 202, 202, 429,
      ]);
    } finally {
      await both.stop();
    }
    const answer = await stack.post(stack.tapeRequest(ZIP_URL), { authorization: `Bearer ${older.key}` });
    expect(answer.status).toBe(401);
  });
});

describe('tries without a valid token', () => {
  let strict: Stack;
  beforeAll(async () => {
    const env = { AUTH_FAILURES_MAX: '3', AUTH_FAILURES_WINDOW_MS: '60000', TRUST_PROXY: '127.0.0.2/31,192.0.2.1' };
    strict = await startStack({ worker: false, env });
  });
  afterAll(() => strict.stop());

  const guess = async (headers: Record<string, string> = {}) => {
    const answer = await fetch(`${strict.url}/api/jobs/x`, { headers: { authorization: 'Bearer guess', ...headers } });
    return { status: answer.status, retryAfterSec: Number(answer.headers.get('retry-after')) };
  };

  test('are counted for the network that they really come from', async () => {
    const statuses = [];
    // We are no proxy that is trusted: what we say of others is not believed.
    for (let nth = 0; nth < 4; nth += 1) statuses.push((await guess({ 'x-forwarded-for': `203.0.113.${nth}` })).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    const { status, retryAfterSec } = await guess();
    expect(status).toBe(429);
    expect(retryAfterSec).toBeGreaterThan(50);
  });

  test('keep nobody out who has one', async () => {
    expect((await strict.post(strict.tapeRequest(ZIP_URL))).status).toBe(202);
  });
});

describe('behind a proxy that is trusted', () => {
  let proxied: Stack;
  beforeAll(async () => {
    const env = { AUTH_FAILURES_MAX: '2', AUTH_FAILURES_WINDOW_MS: '60000', TRUST_PROXY: 'loopback' };
    proxied = await startStack({ worker: false, env });
  });
  afterAll(() => proxied.stop());

  test.each([
    ['one address', '203.0.113.7', '203.0.113.7', 429],
    ['another address', '203.0.113.7', '203.0.113.8', 401],
    ['one network of IPv6', '2001:db8:1:2::1', '2001:db8:1:2:ffff::2', 429],
    ['another network of IPv6', '2001:db8:2:2::1', '2001:db8:2:3::1', 401],
    ['one address, mapped', '198.51.100.1', '::ffff:198.51.100.1', 429],
    ['who pretends to be somebody else', '198.51.100.7', '203.0.113.99, 198.51.100.7', 429],
  ])('tries count for %s', async (_who, first, then, status) => {
    const guess = async (forwardedFor: string) =>
      (await fetch(`${proxied.url}/api/jobs/x`, { headers: { 'x-forwarded-for': forwardedFor } })).status;
    await proxied.redis.command('FLUSHALL');
    expect([await guess(first), await guess(first), await guess(then)]).toEqual([401, 401, status]);
  });
});
