import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { createClient, type TapedeckClient } from '@tapedeck/client';
import { Webhook } from 'standardwebhooks';
import { findFreePort } from '../support/free-port.ts';
import { poll } from '../support/poll.ts';
import { endProcess } from '../support/redis-server.ts';
import { COMPILE_CACHE, runSource } from '../support/source-process.ts';
import { startStack, TOKEN, type Stack } from '../support/stack.ts';
import { buildTape } from '../support/tape-layouts.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

/** The example's functions as they are, in a process of their own, with Netlify's own local store behind them. */
let stack: Stack;
let blobsDir: TempDir;
let client: TapedeckClient;
const sites: ChildProcess[] = [];
beforeAll(async () => {
  [stack, blobsDir] = await Promise.all([startStack(), createTempDir('blobs')]);
  client = createClient({ baseUrl: stack.url, token: TOKEN });
  const { zip } = await buildTape({ width: 32, height: 24, durationsMs: [100, 100, 100] });
  for (const slug of ['good', 'twice', 'background']) stack.source.serve(`/${slug}.zip`, zip);
  stack.source.serve('/broken.zip', Buffer.from('no zip'));
}, 60_000);
afterAll(async () => {
  for (const site of sites) await endProcess(site, 'SIGTERM');
  await blobsDir.remove();
  await stack.stop();
});

interface Site {
  url: string;
  log(): string;
}

async function startSite(changes: Record<string, string> = {}): Promise<Site> {
  const port = String(await findFreePort());
  const url = `http://127.0.0.1:${port}`;
  const env = {
    ...{ PATH: process.env['PATH'], ...COMPILE_CACHE, URL: url },
    TAPEDECK_URL: stack.url,
    TAPEDECK_TOKEN: TOKEN,
    TAPEDECK_SIGNING_SECRET: stack.env['CALLBACK_SIGNING_SECRET'],
    TAPES_URL: new URL('/', stack.source.serve('/where.zip', Buffer.of())).origin,
    TAPES_BUCKET: 'tapes',
    ...changes,
  };
  const args = runSource('test/support/netlify-site.ts', port, 'examples/netlify/netlify/functions', blobsDir.dir);
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  sites.push(child);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (log += chunk));
  }
  await poll(`the site, which said: ${log}`, () => (log.includes('the site is ready') ? true : undefined));
  return { url, log: () => log };
}

async function submit({ url }: Site, slug: string): Promise<string> {
  const answer = await fetch(`${url}/api/tapes`, { method: 'POST', body: JSON.stringify({ slug }) });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { jobId: string }).jobId;
}

const readResult = ({ url, log }: Site, slug: string): Promise<unknown> =>
  poll(`what became of ${slug}; the site said: ${log()}`, async () => {
    const answer = await fetch(`${url}/api/tapes/${slug}`);
    return answer.ok ? answer.json() : undefined;
  });

/** A callback as Tapedeck would send it, but for the secret. @returns the status of the answer */
async function sendForged({ url }: Site, path: string): Promise<number> {
  const body = JSON.stringify({
    mongoId: 'forged',
    jobId: 'tape_1',
    status: 'complete',
    mp4Url: 'https://evil.example',
  });
  const now = new Date();
  const headers = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(`whsec_${btoa('the secret of somebody else.....')}`).sign('evt_1', now, body),
  };
  return (await fetch(url + path, { method: 'POST', headers, body })).status;
}

describe('the site', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite();
  }, 60_000);

  test('sends a tape, and knows the result from the callback', async () => {
    const jobId = await submit(site, 'good');
    expect(await readResult(site, 'good')).toMatchObject({ status: 'complete', jobId, duration: 0.3 });
    const { callback } = await poll('the delivery to be noted', async () => {
      const job = await client.job(jobId);
      return job.callback.status === 'pending' ? undefined : job;
    });
    expect(callback).toMatchObject({ status: 'delivered', lastStatus: 204 });
  });

  test('handles an event once that is delivered twice', async () => {
    const jobId = await submit(site, 'twice');
    await readResult(site, 'twice');
    await poll('the delivery', async () =>
      (await client.job(jobId)).callback.status === 'delivered' ? true : undefined,
    );
    await client.replayCallback(jobId);
    const lines = await poll('the second delivery', () => {
      const found = site.log().match(new RegExp(`^event .* of job ${jobId}: .*$`, 'gm')) ?? [];
      return found.length === 2 ? found : undefined;
    });
    expect(lines.map((line) => line.split(', ').at(-1))).toEqual(['handled', 'known']);
    expect(new Set(lines.map((line) => line.split(' ')[1])).size).toBe(1);
  });

  test('knows the error of a tape that is broken', async () => {
    const jobId = await submit(site, 'broken');
    expect(await readResult(site, 'broken')).toMatchObject({ status: 'error', jobId, code: 'ARCHIVE_INVALID' });
  });

  test('refuses what another secret has signed, and keeps nothing of it', async () => {
    expect(await sendForged(site, '/api/tape-done')).toBe(401);
    await poll('the refusal', () => (site.log().includes('refused: CALLBACK_SIGNATURE_WRONG') ? true : undefined));
    expect((await fetch(`${site.url}/api/tapes/forged`)).status).toBe(404);
  });

  test.each(['{"slug":"../x"}', '{"slug":7}', 'null', '[]', '"good"', 'no JSON', ''])(
    'refuses what is no tape: %s',
    async (body) => {
      const refused = await fetch(`${site.url}/api/tapes`, { method: 'POST', body });
      expect(refused.status).toBe(400);
    },
  );
});

describe('in the background', () => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite({ TAPE_DONE_PATH: '/api/tape-done-background' });
  }, 60_000);

  test('an event is delivered with 202, and handled', async () => {
    const jobId = await submit(site, 'background');
    expect(await readResult(site, 'background')).toMatchObject({ status: 'complete', jobId });
    const callback = await poll('the delivery', async () => {
      const job = await client.job(jobId);
      return job.callback.status === 'delivered' ? job.callback : undefined;
    });
    expect(callback.lastStatus).toBe(202);
  });

  test('what another secret has signed is answered before it is verified, and nothing of it kept', async () => {
    expect(await sendForged(site, '/api/tape-done-background')).toBe(202);
    await poll('the refusal', () => (site.log().includes('refused: CALLBACK_SIGNATURE_WRONG') ? true : undefined));
    expect((await fetch(`${site.url}/api/tapes/forged`)).status).toBe(404);
  });
});
