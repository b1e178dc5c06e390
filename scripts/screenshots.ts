import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobView } from '@tapedeck/contracts';
import { chromium, type Page } from 'playwright-core';
import { startLocalStack, type LocalStack } from './local-stack.ts';
import { runScript } from './run-script.ts';
import { SampleCaller } from './sample/caller.ts';
import { buildSampleTape } from './sample/tape.ts';
import { buildSampleVideo } from './sample/video.ts';

/**
 * `npm run screenshots`: pictures of every page of the dashboard, as it looks on a desktop and on a phone, in light and
 * in dark, of a stack of its own in which something was converted, something has failed and something waits.
 */
const OUT_DIR = 'screenshots';
const CHROMIUM = '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const SCREENS = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};
const SCHEMES = ['light', 'dark'] as const;
const TIMEOUT_MS = 120_000;

interface Jobs {
  tape: string;
  video: string;
  failed: string;
}

/** @returns the jobs that have ended; others wait, because the queue is paused then */
async function makeJobs(stack: LocalStack, page: Page, caller: SampleCaller): Promise<Jobs> {
  const [{ zip }, video] = await Promise.all([buildSampleTape(), buildSampleVideo()]);
  caller.serve('/loop.zip', zip);
  caller.serve('/card.mp4', video);
  caller.serve('/broken.zip', Buffer.from('this is no archive'));
  const callback = { bucket: 'demo', callbackUrl: `${caller.url}/callback` };
  const tape = (slug: string, path: string) =>
    submit(stack, { ...callback, mongoId: `tape-${slug}`, slug, zipUrl: `${caller.url}${path}` });
  const jobs = {
    tape: await tape('loop', '/loop.zip'),
    failed: await tape('broken', '/broken.zip'),
    video: await submit(stack, {
      ...{ ...callback, id: 'video-card', slug: 'card', videoUrl: `${caller.url}/card.mp4` },
      ...{ ladder: 'mobile', options: { storyboard: true } },
    }),
  };
  for (const jobId of Object.values(jobs)) await waitForEnd(stack, jobId);
  const status = await page.evaluate<number>(
    `fetch('/admin/api/queues/conversions/pause', { method: 'POST' }).then((answer) => answer.status)`,
  );
  if (status !== 200) throw new Error(`the queue could not be paused: HTTP ${status}`);
  await tape('waits', '/loop.zip');
  return jobs;
}

async function submit(stack: LocalStack, body: object): Promise<string> {
  const headers = { authorization: `Bearer ${stack.token}`, 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(`${stack.url}/convert`, { method: 'POST', headers, body: JSON.stringify(body), signal });
  const { jobId, detail } = (await answer.json()) as { jobId?: string; detail?: string };
  if (!jobId) throw new Error(`POST /convert answers ${answer.status}: ${detail}`);
  return jobId;
}

async function waitForEnd(stack: LocalStack, jobId: string): Promise<void> {
  const headers = { authorization: `Bearer ${stack.token}` };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  for (;;) {
    const job = (await (await fetch(`${stack.url}/api/jobs/${jobId}`, { headers, signal })).json()) as JobView;
    if (job.finishedAt !== null && job.callback.status === 'delivered') return;
    await sleep(200);
  }
}

async function signIn(page: Page, stack: LocalStack): Promise<void> {
  await page.goto(`${stack.url}/admin`);
  await page.getByLabel('Password').fill(stack.adminPassword!);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** Where each page is, and what is on it when all of it is there. */
function listPages({ tape, video, failed }: Jobs): { name: string; path: string; ready: string }[] {
  return [
    { name: 'overview', path: '/', ready: '.uplot' },
    { name: 'jobs', path: '/jobs', ready: 'table.jobs tbody tr' },
    { name: 'job-mp4', path: `/jobs/${tape}`, ready: '.player' },
    { name: 'job-stream', path: `/jobs/${video}`, ready: '.player select' },
    { name: 'job-failed', path: `/jobs/${failed}`, ready: '.failure' },
    { name: 'errors', path: '/errors', ready: 'table.errors' },
    { name: 'system', path: '/system', ready: 'article.worker' },
    { name: 'activity', path: '/activity', ready: '.feed-entry' },
  ];
}

async function takePictures(stack: LocalStack, caller: SampleCaller): Promise<void> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: 30_000 });
  try {
    const first = await browser.newContext();
    const page = await first.newPage();
    await signIn(page, stack);
    const pages = listPages(await makeJobs(stack, page, caller));
    const storageState = await first.storageState();
    for (const [screenName, screen] of Object.entries(SCREENS)) {
      for (const colorScheme of SCHEMES) {
        const context = await browser.newContext({ ...screen, colorScheme, storageState });
        const shown = await context.newPage();
        for (const { name, path, ready } of pages) {
          await shown.goto(`${stack.url}/admin${path}`);
          await shown.locator(ready).first().waitFor();
          await shown.getByText('Live', { exact: true }).waitFor();
          await shown.waitForFunction(`document.querySelector('.loading') === null`);
          const file = join(OUT_DIR, `${name}-${screenName}-${colorScheme}.png`);
          await shown.screenshot({ path: file, fullPage: true, animations: 'disabled' });
          console.log(file);
        }
        await context.close();
      }
    }
  } finally {
    await browser.close();
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

await runScript(async ({ signal, stopped }) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tapedeck-screenshots-'));
  const { PATH, HOME, FFMPEG_PATH, FFPROBE_PATH } = process.env;
  try {
    // Nothing that is set for a stack of one's own counts here.
    const env = {
      ...{ PATH, HOME, FFMPEG_PATH, FFPROBE_PATH, DATA_DIR: dataDir, PORT: String(await findFreePort()) },
      ...{ ALLOW_PRIVATE_NETWORK: 'true', LOG_LEVEL: 'fatal', ENVIRONMENT_NAME: 'staging' },
    };
    const stack = await startLocalStack(env, { stopping: signal });
    const caller = new SampleCaller(stack.signingSecret);
    try {
      await caller.listen();
      await mkdir(OUT_DIR, { recursive: true });
      const broken = stack.broken.then((error) => Promise.reject(error));
      await Promise.race([takePictures(stack, caller), stopped, broken]);
      if (signal.aborted) process.exitCode = 130;
    } finally {
      await caller.close();
      await stack.stop();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});
