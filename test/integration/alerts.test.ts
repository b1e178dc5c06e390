import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connectRedis, openQueues, reportAlive, waitForRedis, type Backend } from '@tapedeck/jobs';
import { createLogger } from '@tapedeck/runtime';
import { createAlertChannels } from '@tapedeck/transfer';
import { createAlertWatch, type AlertWatch } from '../../apps/api/src/alerts/alert-watch.ts';
import { SMTP_PASSWORD, startAlertTargets, type AlertTargets } from '../support/alert-targets.ts';
import { findFreePort } from '../support/free-port.ts';
import { poll } from '../support/poll.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { runCli } from '../support/run-cli.ts';
import { startApp, startStack, type Stack } from '../support/stack.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.parse('2026-11-22T10:00:00.000Z');
const EMAIL = { to: ['one@a.example', 'two@a.example'], from: 'tapedeck@a.example' };
const ORIGIN = { environment: 'production', dashboardUrl: 'https://t.example/admin' };
const CHORE = 'tapedeck:chore:alerts';

let server: TestRedis;
let targets: AlertTargets;
let backend: Backend;
beforeAll(async () => {
  [server, targets] = await Promise.all([startTestRedis(), startAlertTargets()]);
  const redis = connectRedis(server.url, 'fast', () => undefined);
  await waitForRedis(redis, 5_000);
  backend = { redis, queues: await openQueues(redis, 5_000), journal: undefined };
});
afterAll(async () => {
  await backend.queues.close();
  backend.redis.disconnect();
  await Promise.all([server.stop(), targets.stop()]);
});
beforeEach(async () => {
  await backend.redis.flushall();
  targets.forget();
});

/** A replica of the API, as far as alerts go. */
function createReplica({ intervalMs = 20_000 } = {}): AlertWatch {
  const { alertUrl, smtpUrl, sentryDsn } = targets;
  return createAlertWatch({
    ...{ backend, dataDir: '/nowhere', origin: ORIGIN, intervalMs },
    channels: createAlertChannels({ alertUrl, email: { ...EMAIL, smtpUrl }, sentryDsn }, '1.2.3'),
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
}

/** One look at the minute, by whomever's turn it is. */
async function look(replica: AlertWatch, minute: number): Promise<void> {
  if (backend.redis.status === 'ready') await backend.redis.del(CHORE).catch(() => undefined);
  await replica.look(START_MS + minute * MINUTE_MS, new AbortController().signal);
}

/** What each channel has heard, in order. */
function heard() {
  return {
    webhook: targets.notices.map(({ status, alert }) => `${status} ${alert}`),
    email: targets.emails.map(({ raw }) =>
      /^Subject: .*?([A-Z]+ \w+):/m.exec(raw)?.[1]?.replace(/^\w+/, (word) => word.toLowerCase()),
    ),
    sentry: targets.events.map(({ extra: { status, alert } }) => `${status} ${alert}`),
  };
}
const onAll = (...words: string[]) => ({ webhook: words, email: words, sentry: words });

const waitWithoutWorker = () =>
  backend.queues.addConversion({ jobId: 'tape_1', run: 1 }, { kind: 'tape', slug: 'one', priority: 'normal' });
const giveUpCallback = () => backend.redis.zadd('tapedeck:exhausted', 1, 'tape_1');
const replayCallback = () => backend.redis.del('tapedeck:exhausted');
const startWorker = () =>
  reportAlive(backend.redis, {
    ...{ workerId: 'w', isStandIn: false, busy: 0, jobIds: [], isPaused: false, concurrency: 1, ffmpegVersion: null },
    protections: { held: [], missing: [] },
    ...{ freeDiskBytes: 9, totalDiskBytes: 10, memory: { nodeBytes: 1, ffmpegBytes: 0 }, version: '1' },
  });

describe('jobs that wait while no worker is alive', () => {
  test('are told of once over every channel when they have waited for two minutes, and once when it is over', async () => {
    const replica = createReplica();
    await waitWithoutWorker();
    await look(replica, 0);
    await look(replica, 1.9);
    expect(heard()).toEqual(onAll());
    for (const minute of [2, 3, 4]) await look(replica, minute);
    expect(heard()).toEqual(onAll('firing TapedeckNoWorker'));
    await startWorker();
    for (const minute of [5, 14.9]) await look(replica, minute);
    expect(heard()).toEqual(onAll('firing TapedeckNoWorker'));
    for (const minute of [15, 16, 60]) await look(replica, minute);
    expect(heard()).toEqual(onAll('firing TapedeckNoWorker', 'resolved TapedeckNoWorker'));
    expect(await backend.redis.exists('tapedeck:alerts')).toBe(0);
  });

  test('and every message says what, since when, where and what to do', async () => {
    const replica = createReplica();
    await waitWithoutWorker();
    for (const minute of [0, 2]) await look(replica, minute);
    const notice = {
      ...{ alert: 'TapedeckNoWorker', status: 'firing', severity: 'critical', until: null, figures: { entries: 1 } },
      summary: 'No worker is alive, and 1 conversions and callbacks wait.',
      meaning: 'Until a worker starts, all waits, or goes one at a time (CONVERT_INLINE).',
      since: '2026-11-22T10:00:00.000Z',
      runbook: 'docs/operations.md#tapedecknoworker',
      ...ORIGIN,
    };
    expect(targets.notices).toEqual([notice]);
    const [email] = targets.emails;
    expect(email).toMatchObject({ to: EMAIL.to, from: EMAIL.from });
    for (const words of ['No worker is alive', 'Since 2026-11-22', 'https://t.example/admin', notice.runbook]) {
      expect(email!.raw).toContain(words);
    }
    expect(email!.raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    expect(targets.events).toEqual([
      expect.objectContaining({
        ...{ level: 'error', environment: 'production', release: 'tapedeck@1.2.3', extra: notice },
        ...{ fingerprint: ['tapedeck-alert', 'TapedeckNoWorker'], message: { formatted: notice.summary } },
        auth: expect.stringMatching(/^Sentry sentry_version=7, .*sentry_key=0123456789abcdef0123456789abcdef$/),
      }),
    ]);
    await startWorker();
    for (const minute of [3, 13]) await look(replica, minute);
    expect(targets.notices[1]).toEqual({
      ...notice,
      ...{ status: 'resolved', until: '2026-11-22T10:03:00.000Z' },
      summary: 'Over after 3 minutes: no worker alive.',
      meaning: `It last said: ${notice.summary}`,
    });
    expect(targets.events[1]).toMatchObject({ level: 'info', fingerprint: ['tapedeck-alert', 'TapedeckNoWorker'] });
    expect(targets.events[1]!.event_id).not.toBe(targets.events[0]!.event_id);
  });
});

test('what comes and goes for two hours is told once', async () => {
  const replica = createReplica();
  for (let minute = 0; minute < 120; minute += 1) {
    await (minute % 3 === 0 ? giveUpCallback() : replayCallback());
    await look(replica, minute);
  }
  expect(heard()).toEqual(onAll('firing TapedeckCallbacksExhausted'));
});

test('a replica that takes over, or starts anew, neither repeats nor forgets', async () => {
  await waitWithoutWorker();
  await look(createReplica(), 0);
  await look(createReplica(), 2);
  await look(createReplica(), 3);
  expect(heard()).toEqual(onAll('firing TapedeckNoWorker'));
  await startWorker();
  await look(createReplica(), 4);
  await look(createReplica(), 14);
  expect(heard()).toEqual(onAll('firing TapedeckNoWorker', 'resolved TapedeckNoWorker'));
});

test('of replicas that look at once, one tells', async () => {
  await giveUpCallback();
  const looks = Array.from({ length: 5 }, () => createReplica().look(START_MS, new AbortController().signal));
  await Promise.all(looks);
  expect(heard()).toEqual(onAll('firing TapedeckCallbacksExhausted'));
});

describe('a channel that fails', () => {
  test('is tried again at the next look, and the others hear nothing twice', async () => {
    const replica = createReplica();
    await giveUpCallback();
    targets.webhookStatus = 500;
    targets.takesEmail = false;
    for (const minute of [0, 1]) await look(replica, minute);
    const told = ['firing TapedeckCallbacksExhausted'];
    expect(heard()).toEqual({ webhook: [], email: [], sentry: told });
    targets.takesEmail = true;
    await look(replica, 2);
    expect(heard()).toEqual({ webhook: [], email: told, sentry: told });
    targets.webhookStatus = 200;
    for (const minute of [3, 4]) await look(replica, minute);
    expect(heard()).toEqual(onAll(...told));
  });

  test('hears how it ended, when it is back after the end', async () => {
    const replica = createReplica();
    await giveUpCallback();
    targets.webhookStatus = 503;
    await look(replica, 0);
    await replayCallback();
    for (const minute of [1, 11]) await look(replica, minute);
    targets.webhookStatus = 200;
    for (const minute of [12, 13]) await look(replica, minute);
    expect(heard().webhook).toEqual(['resolved TapedeckCallbacksExhausted']);
    expect(heard().email).toEqual(['firing TapedeckCallbacksExhausted', 'resolved TapedeckCallbacksExhausted']);
  });

  test('by not answering holds up neither the others nor the next look', async () => {
    const replica = createReplica({ intervalMs: 3_000 });
    await giveUpCallback();
    targets.webhookStatus = undefined;
    const startedAt = performance.now();
    await look(replica, 0);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    const told = ['firing TapedeckCallbacksExhausted'];
    expect(heard()).toEqual({ webhook: [], email: told, sentry: told });
    targets.webhookStatus = 200;
    await look(replica, 1);
    expect(heard()).toEqual(onAll(...told));
  });
});

describe('Redis', () => {
  afterEach(() => waitForRedis(backend.redis, 10_000));

  test('that is away for a minute is told of by each replica, and so is its return', async () => {
    const replica = createReplica();
    await look(replica, 0);
    await server.kill();
    await look(replica, 1);
    await look(replica, 1.9);
    expect(heard()).toEqual(onAll());
    for (const minute of [2, 3]) await look(replica, minute);
    expect(heard()).toEqual(onAll('firing TapedeckRedisAway'));
    expect(targets.notices[0]!.summary).toMatch(
      /^Redis does not do what the API at .+ asks of it: it does not answer\.$/,
    );
    await server.start();
    await waitForRedis(backend.redis, 10_000);
    for (const minute of [4, 14]) await look(replica, minute);
    expect(heard()).toEqual(onAll('firing TapedeckRedisAway', 'resolved TapedeckRedisAway'));
  });

  test('that is full is told of, though nothing can be written there', async () => {
    const replica = createReplica();
    await backend.redis.config('SET', 'maxmemory-policy', 'noeviction');
    await backend.redis.config('SET', 'maxmemory', '1');
    for (const minute of [0, 1, 2]) await look(replica, minute);
    await backend.redis.config('SET', 'maxmemory', '0');
    expect(heard()).toEqual(onAll('firing TapedeckRedisAway'));
    expect(targets.notices[0]!.summary).toMatch(/it answers OOM\.$/);
  });

  test('that fills is told of before it is full', async () => {
    const replica = createReplica();
    const used = Number(/used_memory:(\d+)/.exec(await backend.redis.info('memory'))![1]);
    await backend.redis.config('SET', 'maxmemory', Math.round(used / 0.85));
    for (const minute of [0, 5]) await look(replica, minute);
    await backend.redis.config('SET', 'maxmemory', '0');
    expect(heard()).toEqual(onAll('firing TapedeckRedisMemoryHigh'));
  });
});

describe('the processes', () => {
  let stack: Stack;
  let env: Record<string, string>;
  beforeAll(async () => {
    env = {
      ...{ ALERT_WEBHOOK_URL: targets.alertUrl, SENTRY_DSN: targets.sentryDsn, SMTP_URL: targets.smtpUrl },
      ...{ ALERT_EMAIL_TO: EMAIL.to.join(), ALERT_EMAIL_FROM: EMAIL.from, ENVIRONMENT_NAME: 'staging' },
      ALERT_INTERVAL_MS: '2000',
    };
    stack = await startStack({ env, worker: false });
  });
  afterAll(() => stack.stop());

  /** Each look has a claim of its own. */
  async function waitForLooks(count: number): Promise<void> {
    const claims = new Set<unknown>();
    await poll(`${count} looks`, async () => {
      claims.add(await stack.redis.command('get', CHORE));
      claims.delete(null);
      return claims.size > count ? true : undefined;
    });
  }

  test('of two, one tells, of what the fleet has; and neither logs what is secret', async () => {
    const other = startApp('api', { ...stack.env, PORT: String(await findFreePort()) });
    await poll('the other API', () => (other.log().includes('Server listening') ? true : undefined));
    targets.webhookStatus = 404;
    await stack.redis.command('zadd', 'tapedeck:exhausted', 1, 'tape_1');
    const logs = () => stack.api.log() + other.log();
    await poll('a failure in the log', () => (logs().includes('answered 404') ? true : undefined));
    targets.webhookStatus = 200;
    const told = ['firing TapedeckCallbacksExhausted'];
    await poll('the webhook', () => (targets.notices.length > 0 ? true : undefined));
    await waitForLooks(2);
    expect(heard()).toEqual(onAll(...told));
    expect(targets.notices[0]).toMatchObject({
      ...{ environment: 'staging', dashboardUrl: `${stack.url}/admin`, figures: { exhausted: 1 } },
    });
    for (const secret of [
      'only-we-know',
      'nor-this-key',
      '0123456789abcdef',
      SMTP_PASSWORD,
      encodeURIComponent(SMTP_PASSWORD),
    ]) {
      expect(logs()).not.toContain(secret);
    }
    other.child.kill('SIGTERM');
    await once(other.child, 'exit');
  });

  test('do not start with half of what e-mails need', async () => {
    const started = startApp('api', { ...stack.env, SMTP_URL: '' });
    await once(started.child, 'exit');
    expect(started.child.exitCode).toBe(78);
    expect(started.log()).toMatch(/^SMTP_URL: expected the server for the e-mails to ALERT_EMAIL_TO, got nothing$/m);
  });
});

describe('tapedeck alert-test', () => {
  const run = async (env: Record<string, string>) => {
    const { stdout, stderr, exitCode } = await runCli(['alert-test'], { PATH: process.env.PATH!, ...env });
    return { stdout, stderr, exitCode };
  };
  const email = { ALERT_EMAIL_TO: EMAIL.to.join(), ALERT_EMAIL_FROM: EMAIL.from };

  test('sends a message over every channel, and says which took it', async () => {
    const env = { ALERT_WEBHOOK_URL: targets.alertUrl, SENTRY_DSN: targets.sentryDsn, SMTP_URL: targets.smtpUrl };
    expect(await run({ ...env, ...email })).toEqual({
      ...{ exitCode: 0, stderr: '' },
      stdout: 'ok    webhook took it\nok    email took it\nok    sentry took it\n',
    });
    expect(heard()).toEqual(onAll('firing TapedeckTest'));
  });

  test('says why one did not, and no secret', async () => {
    targets.webhookStatus = 404;
    const wrong = new URL(targets.smtpUrl);
    wrong.password = 'another-password';
    const closed = `http://abcdefabcdefabcdef@127.0.0.1:${await findFreePort()}/1`;
    const env = { ALERT_WEBHOOK_URL: targets.alertUrl, SENTRY_DSN: closed, SMTP_URL: wrong.href };
    const { stdout, exitCode } = await run({ ...env, ...email });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /^FAIL {2}webhook: answered 404 what it says\nFAIL {2}email: .*535.*\nFAIL {2}sentry: no answer: ECONNREFUSED\n$/,
    );
    expect(stdout).not.toMatch(/another-password|only-we-know|abcdef/);
  });

  test('says when nobody would be told', async () => {
    expect(await run({})).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('nobody would be told') });
  });
});
