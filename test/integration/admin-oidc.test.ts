import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { hashPassword } from '@tapedeck/runtime';
import { findFreePort } from '../support/free-port.ts';
import { endProcess } from '../support/redis-server.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { WebClient } from '../support/web-client.ts';

/** Signing in with an account at a real OpenID provider. */
const PASSWORD = 'correct horse battery staple';
let stack: Stack;
let provider: ChildProcess;
let issuer: string;
beforeAll(async () => {
  const [port, providerPort] = [await findFreePort(), await findFreePort()];
  const publicUrl = `http://127.0.0.1:${port}`;
  issuer = `http://127.0.0.1:${providerPort}`;
  provider = startProvider(providerPort, `${publicUrl}/admin/login/oidc/callback`);
  await once(provider.stdout!, 'data');
  stack = await startStack({
    worker: false,
    env: {
      ...{ PORT: String(port), PUBLIC_URL: publicUrl, OIDC_ISSUER: issuer },
      ...{ OIDC_CLIENT_ID: 'tapedeck', OIDC_CLIENT_SECRET: 'marker-oidc-client-secret' },
      ...{ ADMIN_EMAILS: 'Ada@example.com', VIEWER_EMAILS: 'vera@example.com,ada@example.com' },
      ...{ ADMIN_PASSWORD_HASH: await hashPassword(PASSWORD), AUTH_FAILURES_MAX: '1000' },
    },
  });
});
afterAll(async () => {
  await stack.stop();
  await endProcess(provider, 'SIGTERM');
});

function startProvider(port: number, redirectUri: string): ChildProcess {
  const args = ['--disable-warning=ExperimentalWarning', 'test/support/oidc-provider.ts', String(port), redirectUri];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
}

async function actAs(account: object): Promise<void> {
  await fetch(`${issuer}/act-as`, { method: 'POST', body: JSON.stringify(account) });
}

const ADA = { email: 'ada@example.com', email_verified: true };

/** A login up to the provider's last redirect, which is still to be followed. */
async function begin(client: WebClient, to = '/admin'): Promise<string> {
  let url = `${stack.url}/admin/login/oidc?to=${encodeURIComponent(to)}`;
  for (;;) {
    const answer = await client.get(url);
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`${url} leads nowhere: ${answer.status} ${await answer.text()}`);
    url = new URL(location, url).href;
    if (url.includes('/oidc/callback?')) return url;
  }
}

async function readSession(client: WebClient): Promise<unknown> {
  return (await client.get('/admin/api/session')).json();
}

describe.each([
  ['in the token', true],
  ['when asked', false],
])('a provider that tells the address %s', (_where, inToken) => {
  test('lets an admin in, to where one wanted to go', async () => {
    await actAs({ ...ADA, inToken });
    const client = new WebClient(stack.url);
    const answer = await client.get(await begin(client, '/admin/queues'));
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/admin/queues']);
    // Named twice, once as an admin.
    expect(await readSession(client)).toMatchObject({ name: 'ada@example.com', role: 'admin' });
  });

  test('lets a viewer in, whatever the case of the address', async () => {
    await actAs({ ...ADA, email: 'VERA@Example.com', inToken });
    const client = new WebClient(stack.url);
    await client.get(await begin(client));
    expect(await readSession(client)).toMatchObject({ name: 'vera@example.com', role: 'viewer' });
  });

  test.each<[string, object, string]>([
    ['who is on no list', { ...ADA, email: 'eve@example.com' }, 'eve@example.com is not among'],
    ['whose address nobody has verified', { ...ADA, email_verified: false }, 'has not verified'],
    ['of whom the provider says nothing about that', { email: ADA.email }, 'has not verified'],
    ['without an address', {}, 'tells no e-mail address'],
  ])('lets nobody in %s', async (_who, account, problem) => {
    await actAs({ ...account, inToken });
    const client = new WebClient(stack.url);
    const answer = await client.get(await begin(client));
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining(problem)]);
    expect((await client.get('/admin')).status).toBe(302);
  });
});

describe('an answer of the provider is of no use', () => {
  const expectRefused = async (client: WebClient, url: string): Promise<void> => {
    const answer = await client.get(url);
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('Sign in')]);
    expect((await client.get('/admin')).status).toBe(302);
  };
  beforeAll(() => actAs({ ...ADA, inToken: true }));

  test('to another browser', async () => {
    const url = await begin(new WebClient(stack.url));
    await expectRefused(new WebClient(stack.url), url);
  });

  test('to a browser that has begun another login since (state)', async () => {
    const client = new WebClient(stack.url);
    const url = await begin(client);
    client.cookies.clear();
    await begin(client);
    await expectRefused(client, url);
  });

  test('to a browser that somebody gives his own code (PKCE)', async () => {
    const [attacker, victim] = [new WebClient(stack.url), new WebClient(stack.url)];
    const code = new URL(await begin(attacker)).searchParams.get('code')!;
    const url = new URL(await begin(victim));
    url.searchParams.set('code', code);
    await expectRefused(victim, url.href);
  });

  test('with a token for another login (nonce)', async () => {
    await actAs({ ...ADA, inToken: true, losesNonce: true });
    const client = new WebClient(stack.url);
    await expectRefused(client, await begin(client));
    await actAs({ ...ADA, inToken: true });
  });

  test('a second time', async () => {
    const client = new WebClient(stack.url);
    const url = await begin(client);
    expect((await client.get(url)).status).toBe(303);
    client.cookies.clear();
    await expectRefused(client, url);
  });

  test('when it says that somebody did not want to', async () => {
    const client = new WebClient(stack.url);
    const state = new URL(await begin(client)).searchParams.get('state')!;
    await expectRefused(
      client,
      `${stack.url}/admin/login/oidc/callback?error=access_denied&state=${state}&iss=${issuer}`,
    );
  });
});

test('the login page offers both ways', async () => {
  const page = await (await new WebClient(stack.url).get('/admin/login?to=/admin/queues')).text();
  expect(page).toContain('<form method="post" action="/admin/login?to=%2Fadmin%2Fqueues">');
  expect(page).toContain('href="/admin/login/oidc?to=%2Fadmin%2Fqueues"');
});

test('a provider that is away keeps nobody from the password', async () => {
  const names = Object.fromEntries(Object.entries(stack.env).filter(([name]) => /^(OIDC|ADMIN|AUTH)_/.test(name)));
  const lonely = await startStack({ worker: false, env: { ...names, OIDC_ISSUER: 'http://127.0.0.1:1' } });
  try {
    const client = new WebClient(lonely.url);
    const answer = await client.get('/admin/login/oidc');
    expect([answer.status, await answer.json()]).toEqual([503, expect.objectContaining({ code: 'LOGIN_UNAVAILABLE' })]);
    expect((await client.post('/admin/login', { password: PASSWORD })).status).toBe(303);
  } finally {
    await lonely.stop();
  }
});

test('a provider that dies in the middle of a login is away, and has refused nobody', async () => {
  await actAs({ ...ADA, inToken: true });
  const client = new WebClient(stack.url);
  const url = await begin(client);
  await endProcess(provider, 'SIGKILL');
  const answer = await client.get(url);
  expect([answer.status, await answer.json()]).toEqual([503, expect.objectContaining({ code: 'LOGIN_UNAVAILABLE' })]);
});
