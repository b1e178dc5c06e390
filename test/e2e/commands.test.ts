import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { poll } from '../support/poll.ts';
import { endProcess } from '../support/redis-server.ts';
import { findFreePort } from '../support/free-port.ts';
import { COMPILE_CACHE } from '../support/source-process.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

/** The README's commands, as a person types them. */
let data: TempDir;
let work: TempDir;
let port: string;
beforeEach(async () => {
  [data, work] = await Promise.all([createTempDir('e2e'), createTempDir('e2e-work')]);
  port = String(await findFreePort());
});
afterEach(() => Promise.all([data.remove(), work.remove()]));

function runNpm(
  args: readonly string[],
  changes: Record<string, string> = {},
): { child: ChildProcess; output: () => string } {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, ...COMPILE_CACHE, PORT: port, DATA_DIR: data.dir, WORK_DIR: work.dir, ...changes };
  const child = spawn('npm', ['run', '--silent', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  return { child, output: () => output };
}

/** Processes that have this test's directory in their environment or arguments: everything that the command started. */
async function findStarted(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const mine = await Promise.all(
    pids.map(async (pid) => (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).includes(data.dir)),
  );
  return pids.filter((_, index) => mine[index]);
}

async function expectAllGone(): Promise<void> {
  await poll('every process to end', async () => ((await findStarted()).length === 0 ? true : undefined), 5_000);
  expect(await readdir(work.dir)).toEqual([]);
}

test('npm run demo -- --exit converts, delivers, exits 0 and leaves nothing', async () => {
  const { child, output } = runNpm(['demo', '--', '--exit']);
  const [exitCode] = (await once(child, 'exit')) as [number];
  expect({ exitCode, output: output() }).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('its signature is right'),
  });
  expect(output()).toMatch(/MP4 +http:\/\/localhost:\d+\/storage\/demo\/loop\.mp4/);
  await expectAllGone();
});

test('npm run bench -- --short measures all of it, and leaves nothing', async () => {
  const { child, output } = runNpm(['bench', '--', '--short']);
  const [exitCode] = (await once(child, 'exit')) as [number];
  expect({ exitCode, output: output() }).toMatchObject({ exitCode: 0 });
  for (const part of ['Tape: 8 frames', 'Video to mobile', 'Video to web', 'Jobs: 200']) {
    expect(output()).toContain(part);
  }
  await expectAllGone();
}, 240_000);

describe('npm start', () => {
  test.each<NodeJS.Signals>(['SIGTERM', 'SIGINT'])(
    'is ready, prints its key once, and %s stops all of it',
    async (signal) => {
      const { child, output } = runNpm(['start']);
      await poll('npm start to be ready', () => (output().includes('Tapedeck is ready') ? true : undefined));
      const token = /td_[\w-]+/.exec(output())![0];
      const refused = await fetch(`http://127.0.0.1:${port}/convert`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{}',
      });
      expect(refused.status).toBe(400);
      await endProcess(child, signal);
      await expectAllGone();

      const again = runNpm(['start']);
      await poll('npm start to be ready again', () =>
        again.output().includes('Tapedeck is ready') ? true : undefined,
      );
      expect(again.output()).not.toContain(token);
      await endProcess(again.child, signal);
      await expectAllGone();
    },
  );

  test('on a data directory that is in use says so and stops', async () => {
    const first = runNpm(['start']);
    await poll('npm start to be ready', () => (first.output().includes('Tapedeck is ready') ? true : undefined));
    const second = runNpm(['start'], { PORT: String(await findFreePort()) });
    const [exitCode] = (await once(second.child, 'exit')) as [number];
    expect({ exitCode, output: second.output() }).toMatchObject({
      exitCode: 1,
      output: expect.stringContaining('is in use by another'),
    });
    await endProcess(first.child, 'SIGTERM');
    await expectAllGone();
  });
});

test('npm start on a port that is in use says so', async () => {
  const server = createServer().listen(Number(port), '127.0.0.1');
  const { child, output } = runNpm(['start']);
  const [exitCode] = (await once(child, 'exit')) as [number];
  server.close();
  expect({ exitCode, output: output() }).toMatchObject({
    exitCode: 1,
    output: expect.stringMatching(/PORT: .*in use/),
  });
  await expectAllGone();
});

describe('what is missing is named', () => {
  test.each([
    ['start:api', {}, 'REDIS_URL: expected redis://'],
    ['start:api', { REDIS_URL: 'redis://127.0.0.1:1' }, 'API_KEYS: expected'],
    ['start:worker', { REDIS_URL: 'redis://127.0.0.1:1' }, 'CALLBACK_SIGNING_SECRET: expected whsec_'],
    ['start:api', { PORT: 'http' }, 'PORT: '],
  ])('%s with %j', async (script, changes, message) => {
    const { child, output } = runNpm([script], changes);
    const [exitCode] = (await once(child, 'exit')) as [number];
    expect({ exitCode, output: output() }).toEqual({ exitCode: 78, output: expect.stringContaining(message) });
    expect(output()).not.toContain('    at ');
  });
});
