import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import type { Locator, Page, Request } from 'playwright-core';
import { hashPassword } from '@tapedeck/runtime';
import { buildDashboard } from '../../scripts/build-dashboard.ts';
import { buildSampleVideo } from '../../scripts/sample/video.ts';
import { startBrowser, type Browser } from '../support/browser.ts';
import { countFrames, findViolations, signIn } from '../support/dashboard.ts';
import { startLongJob } from '../support/long-job.ts';
import { poll } from '../support/poll.ts';
import { endProcess } from '../support/redis-server.ts';
import { startApp, startStack, type RunningProcess, type Stack } from '../support/stack.ts';
import { submit } from '../support/submit.ts';
import { buildTape } from '../support/tape-layouts.ts';

/** The operators' page, used as they do, on the real stack. */
const PASSWORD = 'correct horse battery staple';
const VIEWERS_PASSWORD = 'only looking, thank you';
const NO_ZIP = Buffer.from('this is no archive');
const LADDER = [
  { name: 'high', height: 360 },
  { name: 'low', height: 180 },
];

let stack: Stack;
let browser: Browser;
let page: Page;
let secondApi: RunningProcess | undefined;
let tape: Buffer;
/** Have been converted. */
let tapeId: string;
let filmId: string;

beforeAll(async () => {
  const [admin, viewer] = await Promise.all([hashPassword(PASSWORD), hashPassword(VIEWERS_PASSWORD), buildDashboard()]);
  stack = await startStack({
    env: { ADMIN_PASSWORD_HASH: admin, VIEWER_PASSWORD_HASH: viewer, ENVIRONMENT_NAME: 'staging' },
  });
  const [video, { zip }] = await Promise.all([
    buildSampleVideo({ width: 640, height: 360, durationSec: 12 }),
    buildTape({ width: 160, height: 120, durationsMs: Array<number>(40).fill(50) }),
  ]);
  tape = zip;
  filmId = await submit(
    stack,
    stack.videoRequest(stack.source.serve('/film', video), { ladder: LADDER, options: { storyboard: true } }),
  );
  tapeId = await submit(stack, stack.tapeRequest(stack.source.serve('/tape.zip', tape)));
  browser = await startBrowser();
  page = await browser.newPage();
  await Promise.all([filmId, tapeId].map((jobId) => stack.finished(jobId)));
}, 120_000);
afterAll(async () => {
  await browser?.stop();
  if (secondApi) await endProcess(secondApi.child, 'SIGTERM');
  await stack?.stop();
});

const open = (path: string) => page.goto(`${stack.url}/admin${path}`);
const openJob = (jobId: string) => open(`/jobs/${jobId}`);
const button = (name: string | RegExp, parent: Page | Locator = page) => parent.getByRole('button', { name });
const main = () => page.getByRole('main');
/** The badge beside the job's name. */
const jobStatus = (status: string) => page.locator('.job-title').getByText(status, { exact: true });

function postTape(slug: string, zip: Buffer = tape): Promise<string> {
  return submit(stack, stack.tapeRequest(stack.source.serve(`/${slug}.zip`, zip), { slug, options: { scale: 1 } }));
}

/** What a reload would have taken away. */
const markDocument = () => page.evaluate('globalThis.isStillThere = true');
const isSameDocument = () => page.evaluate<boolean>('globalThis.isStillThere === true');

test('the first load is light, comes from the API alone, and breaks no policy', async () => {
  const requests: Request[] = [];
  const loaded: Request[] = [];
  const refusals: string[] = [];
  page.on('request', (request) => requests.push(request));
  page.on('requestfinished', (request) => loaded.push(request));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) refusals.push(message.text());
  });
  await signIn(page, stack.url, PASSWORD);
  await main().locator('.uplot').first().waitFor();
  await main().getByRole('link', { name: 'All of them' }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  const sizes = await Promise.all(loaded.map((request) => request.sizes()));
  const totalBytes = sizes.reduce((sum, { responseBodySize }) => sum + responseBodySize, 0);
  expect(totalBytes).toBeGreaterThan(50_000);
  expect(totalBytes).toBeLessThan(200_000);
  expect(requests.map((request) => request.url()).filter((url) => /\/hls-/.test(url))).toEqual([]);
  expect([...new Set(requests.map((request) => new URL(request.url()).host))]).toEqual([new URL(stack.url).host]);
  expect(refusals).toEqual([]);
});

test('a conversion is watched to its end without a reload', async () => {
  const jobId = await startLongJob(stack);
  await openJob(jobId);
  const bar = page.getByRole('progressbar', { name: 'Progress of the job' });
  const read = async () => Number(await bar.getAttribute('value'));
  await jobStatus('processing').waitFor();
  await markDocument();
  const first = await read();
  await page.getByText(/is at work: encode/).waitFor();
  await poll('the bar to move', async () => ((await read()) > first ? true : undefined));
  await jobStatus('completed').waitFor({ timeout: 60_000 });
  await page.getByRole('region', { name: 'Player' }).waitFor();
  expect(await isSameDocument()).toBe(true);
});

describe('the player', () => {
  /** @returns how many pictures were decoded */
  async function play(): Promise<number> {
    await button('Play').click();
    return poll('decoded pictures', async () => {
      const count = await countFrames(page);
      return count > 5 ? count : undefined;
    });
  }

  test('plays an MP4', async () => {
    await openJob(tapeId);
    expect(await play()).toBeGreaterThan(5);
    expect(await page.getByLabel('Quality').count()).toBe(0);
  });

  test('plays a stream, in the quality that is chosen, with pictures above the bar', async () => {
    await openJob(filmId);
    expect(await play()).toBeGreaterThan(5);
    const quality = page.getByLabel('Quality');
    expect(await quality.getByRole('option').allTextContents()).toEqual(['Auto', '360p', '180p']);
    await quality.selectOption('180p');
    await page.getByText('Now 180p').waitFor();
    await page.getByLabel('Position').hover();
    await page.locator('.seek-preview div[style*="background-image"]').waitFor();
  });
});

test('a job that has failed is found by its error, and completes when it is retried', async () => {
  const jobId = await postTape('mended', NO_ZIP);
  await stack.finished(jobId);
  await open('/errors');
  const row = page.getByRole('row', { name: /ARCHIVE_INVALID/ });
  await row.getByRole('link', { name: /^Show the job/ }).click();
  await page.getByRole('link', { name: 'reference-' }).click();
  await jobStatus('failed').waitFor();
  stack.source.serve('/mended.zip', tape);
  await button('Retry').click();
  await page.getByText('It is in the queue again.').waitFor();
  await jobStatus('completed').waitFor();
  expect((await stack.job(jobId)).status).toBe('completed');
  await page.getByRole('link', { name: 'Errors' }).click();
  await page.getByText('Nothing has failed.').waitFor();
});

test('a running job is canceled', async () => {
  const jobId = await startLongJob(stack);
  await openJob(jobId);
  await button('Cancel').click();
  await button('Cancel the job').click();
  await jobStatus('canceled').waitFor();
  expect((await stack.finished(jobId)).status).toBe('canceled');
});

describe('many jobs at once', () => {
  const SLUGS = ['many-1', 'many-2', 'many-3'];
  beforeAll(async () => {
    const jobIds = await Promise.all(SLUGS.map((slug) => postTape(slug, NO_ZIP)));
    await Promise.all(jobIds.map((jobId) => stack.finished(jobId)));
  });

  test('are exported as they are filtered', async () => {
    await open('/jobs');
    await page.getByLabel(/^Reference or slug begins with/).fill('many-');
    await page.getByText('1–3 of 3 jobs').waitFor();
    const coming = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export as CSV' }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toMatch(/\.csv$/);
    const [head, ...rows] = (await readFile(await download.path(), 'utf8')).trim().split('\n');
    expect(head).toContain('slug');
    expect(rows.map((line) => SLUGS.find((slug) => line.includes(slug))).toSorted()).toEqual(SLUGS);
    expect(rows.filter((line) => line.includes('ARCHIVE_INVALID')).length).toBe(3);
  });

  test('are deleted by what they have in common, after their number was said', async () => {
    await open('/jobs?q=many-&limit=2');
    await page.getByLabel('Select all jobs of this page').check();
    await button('Select all 3 jobs that fit').click();
    await button('Delete …').click();
    const dialog = page.getByRole('dialog', { name: 'Delete jobs' });
    await dialog.getByText('3 jobs fit the filter.').waitFor();
    await button('Delete 3 jobs', dialog).click();
    await dialog.getByText('3 jobs were deleted.').waitFor();
    await button('Close', dialog).click();
    await page.getByText('No job fits this.').waitFor();
    // What does not fit is still there.
    expect((await stack.job(tapeId)).status).toBe('completed');
  });
});

test('an API that goes away is missed, and its return noticed', async () => {
  await openJob(tapeId);
  await page.getByText('Live', { exact: true }).waitFor();
  await markDocument();
  await endProcess(stack.api.child, 'SIGKILL');
  await page.getByText('Connection lost').waitFor();
  await page.getByRole('alert').getByText('The API does not answer.').waitFor();
  secondApi = startApp('api', stack.env);
  await page.getByText('Live', { exact: true }).waitFor({ timeout: 30_000 });
  await page.getByText('The API does not answer.').waitFor({ state: 'detached' });
  expect(await isSameDocument()).toBe(true);
});

describe('in light and in dark, axe-core finds nothing serious on', () => {
  let failedId: string;
  beforeAll(async () => {
    failedId = await postTape('broken', NO_ZIP);
    await stack.finished(failedId);
  });
  afterAll(() => page.emulateMedia({ colorScheme: null }));

  /** What is on it when it is all there. */
  const PAGES: [name: string, path: () => string, ready: () => Locator][] = [
    ['the overview', () => '/', () => main().locator('.uplot').first()],
    ['the list', () => '/jobs', () => page.getByRole('row').nth(3)],
    ['an empty list', () => '/jobs?q=nothing-begins-with-this', () => page.getByText('No job fits this.')],
    ['a job with an MP4', () => `/jobs/${tapeId}`, () => page.getByRole('region', { name: 'Player' })],
    ['a job with a stream', () => `/jobs/${filmId}`, () => page.getByLabel('Quality')],
    ['a job that has failed', () => `/jobs/${failedId}`, () => button('Retry')],
    ['the errors', () => '/errors', () => page.getByRole('row').nth(1)],
    ['the system', () => '/system', () => page.locator('article.worker')],
    ['the activity', () => '/activity', () => page.locator('.feed-entry').first()],
    ['the audit trail', () => '/activity?show=audit', () => page.getByRole('row').nth(1)],
  ];
  test.each(PAGES)('%s', async (_, path, ready) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await open(path());
      await ready().waitFor();
      await page.getByText('Live', { exact: true }).waitFor();
      expect({ colorScheme, violations: await findViolations(page) }).toEqual({ colorScheme, violations: [] });
    }
  });
});

test('workers and queues are paused, cleared and resumed', async () => {
  const worker = () => page.locator('article.worker');
  await open('/system');
  await button(/^Pause/, worker()).click();
  await button('Pause this worker').click();
  await worker().getByText('paused: takes no other job').waitFor();
  const waiting = await postTape('waits');
  await button('Pause the queue of conversions').click();
  await button('Pause the queue of conversions', page.getByRole('dialog')).click();
  await main().getByText('paused', { exact: true }).waitFor();
  expect(await stack.job(waiting)).toMatchObject({ status: 'queued', startedAt: null });

  // With its worker back, it is the queue that holds it; and then there is nothing to begin.
  await button(/^Resume/, worker()).click();
  await worker().getByText('paused: takes no other job').waitFor({ state: 'detached' });
  expect(await stack.job(waiting)).toMatchObject({ status: 'queued', startedAt: null });
  await button('Clear the queue …').click();
  const clearing = page.getByRole('dialog', { name: 'Clear the queue' });
  await clearing.getByText('1 job fits the filter.').waitFor();
  await button('Cancel 1 job', clearing).click();
  await clearing.getByText('1 job was canceled.').waitFor();
  await button('Close', clearing).click();
  expect(await stack.job(waiting)).toMatchObject({ status: 'canceled', startedAt: null });

  const next = await postTape('goes-on');
  await openJob(next);
  await jobStatus('queued').waitFor();
  await open('/system');
  await button('Resume the queue of conversions').click();
  await button('Resume the queue of conversions', page.getByRole('dialog')).click();
  expect((await stack.finished(next)).status).toBe('completed');
});

describe('a viewer', () => {
  beforeAll(() => signIn(page, stack.url, VIEWERS_PASSWORD));

  const CHANGES = /retry|cancel|delete|convert|callback|send|pause|resume|clear the queue|would do|priority|change/i;
  const PAGES: [name: string, path: () => string, ready: () => Locator][] = [
    ['the list', () => '/jobs', () => page.getByRole('row').nth(3)],
    ['a job', () => `/jobs/${tapeId}`, () => page.getByRole('region', { name: 'Player' })],
    ['the system', () => '/system', () => page.locator('article.worker')],
  ];
  test.each(PAGES)('is offered nothing on %s that he may not do', async (_, path, ready) => {
    await open(path());
    await ready().waitFor();
    const names = await main().getByRole('button').allTextContents();
    expect(names.filter((name) => CHANGES.test(name))).toEqual([]);
    const boxes = main().getByRole('checkbox', { name: /^Select/ });
    expect(await boxes.count()).toBe(0);
  });

  test('is refused what he sends all the same', async () => {
    const paths = [`/api/jobs/${tapeId}/reconvert`, '/api/queues/conversions/pause', '/api/bulk'];
    for (const path of paths) {
      const status = await page.evaluate<number>(
        `fetch('/admin${path}', { method: 'POST' }).then((answer) => answer.status)`,
      );
      expect({ path, status }).toEqual({ path, status: 403 });
    }
  });
});
