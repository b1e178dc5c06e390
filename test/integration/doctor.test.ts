import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../apps/cli/src/config.ts';
import { examineAll, type Part } from '../../apps/cli/src/doctor/examine-all.ts';
import { describeFinding, isWell } from '../../apps/cli/src/doctor/finding.ts';
import { createMisbehavingTools } from '../support/misbehaving-tools.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { runCli } from '../support/run-cli.ts';
import { startRgw, type TestRgw } from '../support/rgw.ts';
import { openSpaces, type TestSpaces } from '../support/spaces.ts';
import { createTempDir } from '../support/temp-dir.ts';

/** Of the site that another rule is for. */
const PREFLIGHT = { origin: 'https://somebody.example', 'access-control-request-method': 'PUT' };

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

const doctor = (args: string[] = [], changes: Record<string, string> = {}) =>
  runCli(['doctor', ...args], { ...env, ...changes });

/** The same without the process around it, which takes a second to start. */
async function examine(part: Part, changes: Record<string, string> = {}) {
  const config = loadConfig({ ...env, ...changes });
  const buckets = config.ALLOWED_BUCKETS ?? [];
  const findings = await examineAll([part], { config, searchPath: process.env.PATH, buckets, fix: false });
  return { stdout: findings.map(describeFinding).join(''), exitCode: isWell(findings) ? 0 : 1 };
}

test('finds that nobody ends incomplete uploads, and sees to it', async () => {
  const before = await examine('storage');
  expect(before.exitCode).toBe(0);
  expect(before.stdout).toContain(
    'warn  bucket tapes has no lifecycle rule for incomplete uploads\n      --fix sets one',
  );
  expect(before.stdout).toContain(
    'ok    bucket tapes takes public objects\nok    results in bucket tapes can be fetched at http',
  );

  await spaces.addExpiryRule('tapes', 'somebody-else', 'old/');
  const fixed = await doctor(['storage', '--fix']);
  expect(fixed.stdout).toContain('ok    bucket tapes has a lifecycle rule for incomplete uploads\n');
  expect(await spaces.listRules('tapes')).toEqual(['somebody-else', 'tapedeck-incomplete-uploads']);
  expect((await examine('storage')).stdout).not.toContain('no lifecycle rule');
  expect(await spaces.list('tapes')).toEqual([]);
});

test('finds that players elsewhere cannot fetch results, and sees to it without taking a rule from others', async () => {
  await spaces.createBucket('streams');
  await spaces.addCorsRule('streams', 'somebody-else', 'https://somebody.example');
  expect((await examine('storage', { ALLOWED_BUCKETS: 'streams' })).stdout).toContain(
    'warn  players on other sites may fetch results in bucket streams (CORS): no\n      --fix adds a rule',
  );
  expect((await doctor(['storage', '--bucket', 'streams', '--fix'])).stdout).toContain(
    'ok    players on other sites may fetch results in bucket streams (CORS)\n',
  );
  const address = await spaces.putPublic('streams', 'master.m3u8', Buffer.from('#EXTM3U\n'));
  const answer = await fetch(address, { headers: { origin: 'https://player.example' } });
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  const byOther = await fetch(address, { method: 'OPTIONS', headers: PREFLIGHT });
  expect(byOther.headers.get('access-control-allow-methods')).toContain('PUT');
});

test('looks at everything when it is told nothing, and leaves nothing behind', async () => {
  const temp = await createTempDir('doctor');
  const { stdout, stderr, exitCode } = await doctor([], { WORK_DIR: temp.dir, DATA_DIR: join(temp.dir, 'data') });
  const left = await readdir(temp.dir);
  await temp.remove();
  expect({ stderr, exitCode, left }).toEqual({ stderr: '', exitCode: 0, left: [] });
  const wanted = [
    /Node \d+/,
    /ffmpeg \d/,
    /Redis \d+\.\d+\.\d+ answers/,
    /Redis uses \d+ MiB/,
    /bucket tapes takes the journal/,
    /the clock agrees with that of the store at http/,
    /the clock agrees with that of Redis/,
    /the disk of WORK_DIR .+ is \d+ % full/,
    /the disk of DATA_DIR .+ is \d+ % full/,
  ];
  for (const line of wanted) expect(stdout).toMatch(new RegExp(`(?:ok  |warn) {2}${line.source}`));
});

test('with local storage writes, reads and removes below DATA_DIR', async () => {
  const temp = await createTempDir('doctor');
  const { stdout } = await examine('storage', { STORAGE_DRIVER: 'local', DATA_DIR: temp.dir });
  const left = await readdir(temp.dir);
  await temp.remove();
  expect(stdout).toContain('ok    files can be written, read and removed below DATA_DIR');
  expect(left.filter((name) => name.startsWith('.tapedeck-trial'))).toEqual([]);
});

test('says it in JSON', async () => {
  const { stdout, exitCode } = await doctor(['storage', '--json', '--bucket', 'tapes', 'no-such-bucket']);
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
  test.each<[what: string, part: Part, changes: Record<string, string>, line: RegExp]>([
    ['an FFmpeg that is not there', 'ffmpeg', { FFMPEG_PATH: 'no-ffmpeg' }, /FAIL {2}no-ffmpeg .+\n.+FFMPEG_PATH/],
    [
      'a Redis that is not there',
      'redis',
      { REDIS_URL: 'redis://127.0.0.1:1' },
      /FAIL {2}Redis .+ECONNREFUSED\n.+REDIS_URL/,
    ],
    [
      'a secret that is wrong',
      'storage',
      { DO_SPACES_SECRET: 'hunter2' },
      /FAIL {2}the store at .+\n.+DO_SPACES_SECRET.+Check both/,
    ],
    [
      'a store that is not there',
      'storage',
      { SPACES_ENDPOINT: 'http://127.0.0.1:1' },
      /FAIL {2}the store at http:\/\/127.+\n.+SPACES_ENDPOINT/,
    ],
  ])('%s', async (_what, part, changes, line) => {
    const { stdout, exitCode } = await examine(part, changes);
    expect(stdout).toMatch(line);
    expect(stdout).not.toContain('hunter2');
    expect(exitCode).toBe(1);
  });

  test('an FFmpeg that says that it is done, and is not', async () => {
    const tools = await createMisbehavingTools();
    await tools.misbehave('ffmpeg', { when: 'file:trial.mp4', does: 'exit 0' });
    const { stdout, exitCode } = await examine('ffmpeg', tools.env);
    await tools.remove();
    expect(stdout).toMatch(/FAIL {2}FFmpeg makes an MP4 that passes verification: no\n {6}.+WORK_DIR/);
    expect(exitCode).toBe(1);
  });

  test('a WORK_DIR where nothing can be written', async () => {
    const { stdout, exitCode } = await examine('ffmpeg', { WORK_DIR: '/proc' });
    expect(stdout).toMatch(/FAIL {2}FFmpeg was not tried: nothing can be written to WORK_DIR \(\/proc\)\n/);
    expect(exitCode).toBe(1);
  });

  test('URLs that lead nowhere', async () => {
    const { stdout, exitCode } = await examine('storage', {
      SPACES_PUBLIC_BASE_URL: `${rgw.endpoint}/no-such-bucket`,
    });
    expect(stdout).toMatch(/warn {2}results in bucket tapes can be fetched at .+: no, 404\n.+SPACES_PUBLIC_BASE_URL/);
    expect(exitCode).toBe(0);
  });

  test('a Redis that may remove jobs', async () => {
    const greedy = await startTestRedis({ 'maxmemory-policy': 'allkeys-lru' });
    const { stdout, exitCode } = await examine('redis', { REDIS_URL: greedy.url });
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
    const { stdout } = await examine('journal');
    expect(stdout).toContain('ok    bucket tapes takes the journal\n');
    expect(await spaces.listPrivate('tapes')).toEqual([]);
    expect((await examine('journal', { JOURNAL_BUCKET: 'no-such-bucket' })).stdout).toContain(
      'FAIL  bucket no-such-bucket takes the journal: no\n      The store has no such bucket',
    );
  });

  test('that is off is worth a warning', async () => {
    const { stdout, exitCode } = await examine('journal', { JOB_JOURNAL: 'off' });
    expect(stdout).toContain('warn  accepted jobs are in Redis alone\n      JOB_JOURNAL is off');
    expect(exitCode).toBe(0);
  });
});

test('says which protections FFmpeg lacks here, and what would bring them', async () => {
  const { stdout: here } = await examine('ffmpeg');
  expect(here).toContain('ok    FFmpeg: no network\n');
  expect(here).toMatch(/ok {4}FFmpeg makes an MP4 that passes verification \(\d+ bytes in \d+ ms\)\n/);
  // Programs of this directory are nowhere in the sandbox.
  const tools = await createMisbehavingTools();
  const { stdout, exitCode } = await examine('ffmpeg', tools.env);
  await tools.remove();
  expect(stdout).toContain('ok    FFmpeg: no network\n');
  expect(stdout).toMatch(/warn {2}FFmpeg lacks: no files but its own\n.+bubblewrap.+below \/usr or \/opt/);
  expect(exitCode).toBe(0);
});
