import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createApiKey, hashPassword } from '@tapedeck/runtime';
import { endProcess } from '../support/redis-server.ts';
import { startApp, startStack, type Stack } from '../support/stack.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { poll } from '../support/poll.ts';
import { WebClient } from '../support/web-client.ts';

/**
 * Every secret is a known word here. After a run in which much goes wrong, everything that people and programs get to
 * see is searched for them, and for where our files lie.
 */
const { key, line } = createApiKey('marker');
const PASSWORD = 'marker-password-of-admins';
const SECRETS: Record<string, string> = {
  'an API key': key,
  'the service token': 'marker-service-token',
  'a token that is wrong': 'marker-wrong-token',
  'the password of admins': PASSWORD,
  'a password that is wrong': 'marker-wrong-password',
  'the client secret of OpenID Connect': 'marker-oidc-client-secret',
  "the receiver's token": 'marker-receiver-token',
  "the receiver's secret": 'marker-oven-secret',
  'the secret key of the store': 'marker-spaces-secret',
  'the password of Redis': 'marker-redis-password',
  'the signature of a source': 'marker-source-signature',
  'the signature of an upload': 'marker-upload-signature',
  "a receiver's URL": 'marker-callback-query',
  'a password in a URL': 'marker-url-password',
  'a body that is no JSON': 'marker-broken-body',
};
const SIGNED = '?X-Amz-Signature=marker-source-signature&x=1';

let stack: Stack;
/** What was seen, by where. */
const seen = new Map<string, string>();
const keep = (where: string, text: string): void => void seen.set(where, `${seen.get(where) ?? ''}\n${text}`);

beforeAll(async () => {
  stack = await startStack({
    env: {
      ...{
        API_KEYS: line,
        MP4_SERVICE_TOKEN: SECRETS['the service token']!,
        LOG_LEVEL: 'trace',
        JOB_BACKOFF_MS: '4000',
      },
      ...{ CALLBACK_AUTH_TOKEN: SECRETS["the receiver's token"]!, CALLBACK_SCHEDULE_MS: '0,500', JOB_ATTEMPTS: '2' },
      ...{ OVEN_COMPLETE_KEYS: 'mp4-service', OVEN_CALLBACK_SECRET: SECRETS["the receiver's secret"]! },
      ...{ ADMIN_PASSWORD_HASH: await hashPassword(PASSWORD), ADMIN_EMAILS: 'me@example.com' },
      ...{ OIDC_ISSUER: 'http://127.0.0.1:1', OIDC_CLIENT_ID: 'x', OIDC_CLIENT_SECRET: 'marker-oidc-client-secret' },
    },
  });
  await runJobs();
  await askWrongly();
  await failToStart();
  keep('the logs', stack.api.log() + stack.worker!.log());
}, 120_000);
afterAll(() => stack.stop());

const headers = { authorization: `Bearer ${key}` };

/** One job for each way of ending that tells something. */
async function runJobs(): Promise<void> {
  const { zip } = await buildTape({ durationsMs: [50, 50] });
  const callbackUrl = `${stack.receiver.url}?secret=marker-callback-query`;
  stack.receiver.answer = () => ({ status: 500 });
  const serve = (path: string, content: Parameters<Stack['source']['serve']>[1]) =>
    stack.source.serve(path, content) + SIGNED;
  const refusing = serve('/refuses', (request, response) => {
    response.writeHead(403).end(`<Error><Code>AccessDenied</Code><Resource>${request.url}</Resource></Error>`);
  }).replace('source', 'upload');
  const requests = [
    stack.tapeRequest(serve('/good.zip', zip), { callbackUrl }),
    stack.tapeRequest(serve('/bad.zip', Buffer.from('no zip')), { callbackUrl }),
    stack.tapeRequest(serve('/bad.zip', Buffer.from('no zip')), {
      ...{ callbackUrl, callbackFormat: 'oven-complete', code: 'abc', callbackSecret: 'marker-oven-secret' },
    }),
    stack.tapeRequest(
      serve('/gone.zip', (_request, response) => response.writeHead(500).end()),
      { callbackUrl },
    ),
    stack.tapeRequest(`http://127.0.0.1:1/nobody.zip${SIGNED}`, {
      callbackUrl: 'http://127.0.0.1:1/?marker-callback-query',
    }),
    stack.tapeRequest(serve('/good.zip', zip), { callbackUrl, upload: { putUrl: refusing } }),
    stack.videoRequest(serve('/text.mp4', Buffer.from('#EXTM3U\n/etc/passwd')), { callbackUrl }),
    stack.videoRequest(serve('/noise.mp4', Buffer.alloc(9_000, 'ftypisom')), { callbackUrl }),
  ];
  const jobIds = [];
  for (const request of requests) {
    const { body } = await stack.post(request, headers);
    keep('answers', JSON.stringify(body));
    jobIds.push(body.jobId);
  }
  await poll('an attempt to have failed that is tried again', async () => {
    await lookAtQueues();
    const hasMet = (where: string): boolean => seen.get(where)!.includes('failedReason');
    return (hasMet('the queues in Redis') && hasMet('Bull Board')) || undefined;
  });
  for (const jobId of jobIds) {
    const view = await poll(`the end of ${jobId}`, () => readWhen(jobId, (job) => job.callback.status === 'exhausted'));
    keep('jobs', JSON.stringify(view));
  }
  await lookAtQueues();
  for (const name of (await stack.redis.command('KEYS', 'tapedeck:history:*')) as string[]) {
    keep('histories', JSON.stringify(await stack.redis.command('LRANGE', name, 0, -1)));
  }
  keep('histories', JSON.stringify(await stack.redis.command('LRANGE', 'tapedeck:activity', 0, -1)));
}

async function readWhen(jobId: string, isSo: (job: { callback: { status: string } }) => boolean) {
  const answer = await fetch(`${stack.url}/api/jobs/${jobId}`, { headers });
  const job = (await answer.json()) as { callback: { status: string } };
  return isSo(job) ? job : undefined;
}

/** What is in Redis of them, and what Bull Board makes of it. */
async function lookAtQueues(): Promise<void> {
  const names = (await stack.redis.command('KEYS', 'tapedeck:queue:*')) as string[];
  for (const name of names) {
    if ((await stack.redis.command('TYPE', name)) !== 'hash') continue;
    keep('the queues in Redis', JSON.stringify([name, await stack.redis.command('HGETALL', name)]));
  }
  const client = new WebClient(stack.url);
  await client.post('/admin/login', { password: PASSWORD });
  for (const queue of ['conversions', 'callbacks']) {
    const list = await (await client.get(`/admin/queues/api/queues?activeQueue=${queue}&jobsPerPage=50`)).text();
    keep('Bull Board', list);
    for (const [, id] of list.matchAll(/"id":"([^"]+)"/g)) {
      keep('Bull Board', await (await client.get(`/admin/queues/api/queues/${queue}/${id}`)).text());
      keep('Bull Board', await (await client.get(`/admin/queues/api/queues/${queue}/${id}/logs`)).text());
    }
  }
}

async function askWrongly(): Promise<void> {
  const body = stack.tapeRequest(`https://user:marker-url-password@example.com/a.zip${SIGNED}`);
  const wrong = { authorization: 'Bearer marker-wrong-token' };
  const post = (content: string, sent: Record<string, string>) =>
    fetch(`${stack.url}/convert`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...sent },
      body: content,
    });
  const client = new WebClient(stack.url);
  const answers = await Promise.all([
    post(JSON.stringify(body), headers),
    post(JSON.stringify(body), wrong),
    post(`{"marker-broken-body": marker-broken-body`, headers),
    post(JSON.stringify({ ...body, zipUrl: `https://u:marker-url-password@:/${SIGNED}` }), headers),
    post(JSON.stringify({ ...body, zipUrl: 'x?marker-source-signature' }), headers),
    fetch(`${stack.url}/api/jobs/x?token=marker-wrong-token`, { headers: wrong }),
    fetch(`${stack.url}/storage/tapes/%2e%2e/%2e%2e/x?marker-wrong-token`),
    fetch(`${stack.url}/nowhere?marker-wrong-token`),
    client.post('/admin/login', { password: 'marker-wrong-password' }),
    client.get('/admin/login/oidc/callback?code=marker-wrong-token&state=x'),
    client.get('/admin/login/oidc'),
    fetch(`${stack.url}/health`),
  ]);
  for (const answer of answers) keep('answers', `${await answer.text()} ${JSON.stringify([...answer.headers])}`);
}

/** With a Redis and a store that do not answer, and with variables that are wrong. */
async function failToStart(): Promise<void> {
  const redisUrl = { REDIS_URL: 'redis://default:marker-redis-password@127.0.0.1:1' };
  const store = { DO_SPACES_KEY: 'x', DO_SPACES_SECRET: 'marker-spaces-secret', SPACES_ENDPOINT: 'http://127.0.0.1:1' };
  const wrong = {
    MP4_SERVICE_TOKEN: '',
    API_KEYS: 'marker-wrong-token',
    CALLBACK_SIGNING_SECRET: 'marker-wrong-token',
  };
  const [noRedis, noStore, noConfig] = [redisUrl, { ...store, ALLOWED_BUCKETS: 'tapes' }, wrong].map((changes) =>
    startApp('worker', { ...stack.env, ...changes }),
  );
  await poll(
    'somebody to be missed',
    () => (noRedis!.log().includes('ECONNREFUSED') && noStore!.log().includes('ready')) || undefined,
  );
  for (const { child, log } of [noRedis!, noStore!, noConfig!]) {
    await endProcess(child, 'SIGTERM');
    keep('the logs', log());
  }
}

test('the run met what it was to meet', () => {
  expect(stack.source.requests).toEqual(expect.arrayContaining(['GET /good.zip', 'GET /gone.zip', 'PUT /refuses']));
  expect(
    stack.receiver.received.every(({ headers: sent }) => sent.authorization === 'Bearer marker-receiver-token'),
  ).toBe(true);
  for (const code of [
    'ARCHIVE_INVALID',
    'SOURCE_UNAVAILABLE',
    'UPLOAD_REFUSED',
    'MEDIA_PLAYLIST_REFUSED',
    'MEDIA_UNRECOGNIZED',
  ]) {
    expect(seen.get('jobs')).toContain(code);
    expect(seen.get('the logs')).toContain(code);
  }
  for (const word of ['completed', 'attempt-failed', 'ffmpeg -nostdin']) expect(seen.get('histories')).toContain(word);
  expect(seen.get('Bull Board')).toContain('failedReason');
  for (const code of ['SOURCE_URL_REFUSED', 'UNAUTHORIZED', 'REQUEST_INVALID', 'LOGIN_UNAVAILABLE', 'NOT_FOUND']) {
    expect(seen.get('answers')).toContain(code);
  }
});

describe.each(['the logs', 'answers', 'jobs', 'histories', 'the queues in Redis', 'Bull Board'])('%s', (where) => {
  test.each(Object.entries(SECRETS))('never hold %s', (_what, secret) => {
    expect(findAround(seen.get(where)!, secret)).toEqual([]);
  });

  test('never tell where our files lie', () => {
    for (const dir of [process.cwd(), stack.dataDir, stack.workDir])
      expect(findAround(seen.get(where)!, dir)).toEqual([]);
  });
});

/** A little of what is around each place. */
function findAround(text: string, word: string): string[] {
  return [...text.matchAll(new RegExp(`.{0,120}${word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}.{0,40}`, 'g'))].map(
    ([found]) => found,
  );
}
