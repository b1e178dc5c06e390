import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createMisbehavingTools } from '../support/misbehaving-tools.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { startRgw, type TestRgw } from '../support/rgw.ts';
import { openSpaces, type TestSpaces } from '../support/spaces.ts';

/** `tapedeck doctor` as an operator runs it. */
let redis: TestRedis;
let rgw: TestRgw;
let spaces: TestSpaces;
let env: Record<string, string>;
beforeAll(async () => {
  [redis, rgw] = await Promise.all([startTestRedis(), startRgw()]);
  spaces = openSpaces(rgw);
  await spaces.createBucket('tapes');
  env = { PATH: process.env.PATH!, ...spaces.env, REDIS_URL: redis.url, ALLOWED_BUCKETS: 'tapes' };
}, 120_000);
afterAll(async () => {
  spaces.close();
  await Promise.all([redis.stop(), rgw.stop()]);
});

async function doctor(args: string[] = [], changes: Record<string, string> = {}) {
  const command = ['--conditions=source', '--disable-warning=ExperimentalWarning', 'apps/cli/src/main.ts', 'doctor'];
  const child = spawn(process.execPath, [...command, ...args], { env: { ...env, ...changes } });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { stdout, stderr, exitCode: exitCode };
}

test('finds that nobody ends incomplete uploads, and sees to it', async () => {
  const before = await doctor();
  expect(before).toMatchObject({ exitCode: 0, stderr: '' });
  expect(before.stdout).toContain(
    'warn  bucket tapes has no lifecycle rule for incomplete uploads\n      --fix sets one',
  );
  expect(before.stdout).toContain(
    'ok    bucket tapes takes public objects\nok    results in bucket tapes can be fetched at http',
  );

  await spaces.addExpiryRule('tapes', 'somebody-else', 'old/');
  const fixed = await doctor(['--fix']);
  expect(fixed.stdout).toContain('ok    bucket tapes has a lifecycle rule for incomplete uploads\n');
  expect(await spaces.listRules('tapes')).toEqual(['somebody-else', 'tapedeck-incomplete-uploads']);
  expect((await doctor()).stdout).not.toContain('no lifecycle rule');
  expect(await spaces.list('tapes')).toEqual([]);
});

test('says it in JSON', async () => {
  const { stdout, exitCode } = await doctor(['--json', '--bucket', 'tapes', 'no-such-bucket']);
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    findings: expect.arrayContaining([
      { verdict: 'ok', what: 'bucket tapes takes public objects' },
      {
        verdict: 'fails',
        what: 'bucket no-such-bucket takes public objects: no',
        advice: 'The store has no such bucket: NoSuchBucket. Make it, or take it out of ALLOWED_BUCKETS.',
      },
    ]),
  });
});

describe('fails, and says what to do, about', () => {
  test.each<[what: string, changes: Record<string, string>, line: RegExp]>([
    ['an FFmpeg that is not there', { FFMPEG_PATH: 'no-ffmpeg' }, /FAIL {2}no-ffmpeg .+\n.+FFMPEG_PATH/],
    ['a Redis that is not there', { REDIS_URL: 'redis://127.0.0.1:1' }, /FAIL {2}Redis .+ECONNREFUSED\n.+REDIS_URL/],
    [
      'a secret that is wrong',
      { DO_SPACES_SECRET: 'hunter2' },
      /FAIL {2}the store at .+\n.+DO_SPACES_SECRET.+Check both/,
    ],
    [
      'a store that is not there',
      { SPACES_ENDPOINT: 'http://127.0.0.1:1' },
      /FAIL {2}the store at http:\/\/127.+\n.+SPACES_ENDPOINT/,
    ],
  ])(
    '%s',
    async (_what, changes, line) => {
      const { stdout, exitCode } = await doctor([], changes);
      expect(stdout).toMatch(line);
      expect(stdout).not.toContain('hunter2');
      expect(exitCode).toBe(1);
    },
    90_000,
  );

  test('URLs that lead nowhere', async () => {
    const { stdout, exitCode } = await doctor([], { SPACES_PUBLIC_BASE_URL: `${rgw.endpoint}/no-such-bucket` });
    expect(stdout).toMatch(/warn {2}results in bucket tapes can be fetched at .+: no, 404\n.+SPACES_PUBLIC_BASE_URL/);
    expect(exitCode).toBe(0);
  });

  test('a Redis that may remove jobs', async () => {
    const greedy = await startTestRedis({ 'maxmemory-policy': 'allkeys-lru' });
    const { stdout, exitCode } = await doctor([], { REDIS_URL: greedy.url });
    await greedy.stop();
    expect(stdout).toMatch(/FAIL {2}Redis removes keys.+\n.+noeviction/);
    expect(exitCode).toBe(1);
  });
});

test('a variable that makes no sense is said before anything is looked at', async () => {
  const { stdout, stderr, exitCode } = await doctor([], { SPACES_ENDPOINT: 'nowhere' });
  expect([stdout, exitCode]).toEqual(['', 78]);
  expect(stderr).toContain('SPACES_ENDPOINT: expected an http or https URL without user name and query, got "nowhere"');
});

describe('the journal', () => {
  test('is tried where it will lie, and nothing stays there', async () => {
    const { stdout } = await doctor();
    expect(stdout).toContain('ok    bucket tapes takes the journal\n');
    expect(await spaces.listPrivate('tapes')).toEqual([]);
    expect((await doctor([], { JOURNAL_BUCKET: 'no-such-bucket' })).stdout).toContain(
      'FAIL  bucket no-such-bucket takes the journal: no\n      The store has no such bucket',
    );
  });

  test('that is off is worth a warning', async () => {
    const { stdout, exitCode } = await doctor([], { JOB_JOURNAL: 'off' });
    expect(stdout).toContain('warn  accepted jobs are in Redis alone\n      JOB_JOURNAL is off');
    expect(exitCode).toBe(0);
  });
});

test('says which protections FFmpeg lacks here, and what would bring them', async () => {
  const { stdout: here } = await doctor();
  expect(here).toContain('ok    FFmpeg: no network\n');
  // Programs of this directory are nowhere in the sandbox.
  const tools = await createMisbehavingTools();
  const { stdout, exitCode } = await doctor([], tools.env);
  await tools.remove();
  expect(stdout).toContain('ok    FFmpeg: no network\n');
  expect(stdout).toMatch(/warn {2}FFmpeg lacks: no files but its own\n.+bubblewrap.+below \/usr or \/opt/);
  expect(exitCode).toBe(0);
});
