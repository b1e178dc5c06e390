import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { Webhook } from 'standardwebhooks';
import { startBrowser } from '../support/browser.ts';
import { findFreePort } from '../support/free-port.ts';
import { packClient, type PackedClient } from '../support/packed-client.ts';
import { poll } from '../support/poll.ts';
import { endProcess } from '../support/redis-server.ts';
import { startSourceServer, type SourceServer } from '../support/source-server.ts';
import { COMPILE_CACHE } from '../support/source-process.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

jest.setTimeout(120_000);
const run = promisify(execFile);
const TIMEOUT_MS = 60_000;

/** The client as its users get it, in a directory outside of the repository, against `npm start`. */
const TOKEN = 'packed-token-0123456789';
const SECRET = `whsec_${btoa('a secret of thirty-two bytes....')}`;
let packed: PackedClient;
let data: TempDir;
let started: ChildProcess;
let url: string;
let source: SourceServer;
/** Of one that is completed. */
let jobId: string;
beforeAll(async () => {
  [packed, data, source] = await Promise.all([packClient(), createTempDir('packed-data'), startSourceServer()]);
  const port = String(await findFreePort());
  url = `http://127.0.0.1:${port}`;
  const { PATH, HOME } = process.env;
  const env = {
    ...{ PATH, HOME, ...COMPILE_CACHE, PORT: port, DATA_DIR: data.dir, ALLOW_PRIVATE_NETWORK: 'true' },
    ...{ MP4_SERVICE_TOKEN: TOKEN, CALLBACK_SIGNING_SECRET: SECRET },
  };
  started = spawn('npm', ['run', '--silent', 'start'], { env, stdio: 'ignore' });
  await poll('npm start to be ready', () =>
    fetch(`${url}/health/ready`).then(
      (answer) => (answer.ok ? true : undefined),
      () => undefined,
    ),
  );
  for (const name of ['packed-caller.mjs', 'web-only.mjs']) {
    await copyFile(`test/support/${name}`, join(packed.dir, name));
  }
  const { zip } = await buildTape({ width: 32, height: 24, durationsMs: [100, 100, 100] });
  await writeFile(join(packed.dir, 'tape.zip'), zip);
  jobId = await convert(zip);
}, 120_000);
afterAll(async () => {
  await endProcess(started, 'SIGTERM');
  await Promise.all([packed.remove(), data.remove(), source.stop()]);
});

/** Without the client, which the tests are about. @returns the id of the job, which is completed */
async function convert(zip: Buffer): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const request = {
    ...{ mongoId: 'first', slug: 'first', bucket: 'tapes' },
    ...{ zipUrl: source.serve('/first.zip', zip), callbackUrl: source.serve('/done', Buffer.of()) },
  };
  const accepted = await fetch(`${url}/convert`, { method: 'POST', headers, body: JSON.stringify(request) });
  const { statusUrl, jobId: id } = (await accepted.json()) as { statusUrl: string; jobId: string };
  await poll('the first job to be completed', async () => {
    const job = (await (await fetch(new URL(statusUrl, url), { headers })).json()) as { status: string };
    return job.status === 'completed' ? true : undefined;
  });
  return id;
}

const runPacked = (...args: string[]) => run(process.execPath, args, { cwd: packed.dir, timeout: TIMEOUT_MS });

test('submits a tape, follows it, and verifies its callback', async () => {
  const { stdout, stderr } = await runPacked('packed-caller.mjs', url, TOKEN, SECRET, 'tape.zip');
  expect(JSON.parse(stdout)).toMatchObject({
    status: 'complete',
    mongoId: 'packed',
    duration: 0.3,
    eventId: expect.any(String),
  });
  expect(stderr).toContain('completed 100');
});

test('needs nothing but what the Web has', async () => {
  const { stdout } = await runPacked('--experimental-vm-modules', 'web-only.mjs', url, TOKEN, jobId);
  expect(JSON.parse(stdout)).toEqual({
    jobs: ['completed'],
    refused: 'CALLBACK_HEADER_INVALID',
    withoutCrypto: 'TapedeckError WEBCRYPTO_MISSING',
  });
});

test('reads a job and verifies a callback in a page of Chromium', async () => {
  const site = await startSite(join(packed.dir, 'node_modules/@tapedeck/client'));
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(site.url);
    const body = JSON.stringify({ jobId, status: 'canceled' });
    const headers = {
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      'webhook-signature': new Webhook(SECRET).sign('evt_1', new Date(), body),
    };
    const given = JSON.stringify({ token: TOKEN, jobId, body, headers, secret: SECRET });
    const seen: unknown = await page.evaluate(`(async ({ token, jobId, body, headers, secret }) => {
      const { createClient, verifyCallback } = await import('/client/dist/index.js');
      const client = createClient({ baseUrl: location.origin, token });
      const statuses = [];
      for await (const job of client.waitFor(jobId)) statuses.push(job.status);
      const request = new Request('/done', { method: 'POST', headers, body });
      const unknown = await client.job('tape_0').catch(({ code }) => code);
      return { statuses, unknown, event: await verifyCallback(request, secret) };
    })(${given})`);
    expect(seen).toEqual({
      ...{ statuses: ['completed'], unknown: 'NOT_FOUND' },
      event: { eventId: 'evt_1', jobId, status: 'canceled' },
    });
  } finally {
    await browser.stop();
    await site.stop();
  }
});

/** The API is open to no other origin: a page reads it through its own. */
async function startSite(clientDir: string): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const [, file] = /^\/client(\/dist\/[\w-]+\.js)$/.exec(request.url!) ?? [];
    if (request.url === '/')
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<title>x</title>');
    if (file !== undefined) {
      void readFile(join(clientDir, file)).then((source) =>
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(source),
      );
      return;
    }
    const { method, headers } = request;
    const onward = forward(new URL(request.url!, url), { method, headers }, (answer) => {
      answer.pipe(response.writeHead(answer.statusCode!, answer.headers));
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

describe('the package', () => {
  test('is what publint expects', async () => {
    const tarball = await readFile(packed.tarballPath);
    const { messages } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
    expect(messages).toEqual([]);
  });

  test('has types that every resolver of ES modules finds', async () => {
    const tarball = await readFile(packed.tarballPath);
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)));
    // node10 and require() are not for a package of ES modules with exports.
    const ofCommonJs = ['node10', 'node16-cjs'];
    const problems = result.types === false ? ['no types'] : result.problems;
    expect(
      problems.filter(
        (problem) =>
          typeof problem === 'string' || !('resolutionKind' in problem) || !ofCommonJs.includes(problem.resolutionKind),
      ),
    ).toEqual([]);
  });
});
