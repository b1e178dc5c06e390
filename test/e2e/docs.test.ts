import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { OpenApiDocument } from '../../apps/api/src/docs/openapi.ts';
import { startBrowser, type Browser } from '../support/browser.ts';
import { startStack, TOKEN, type Stack } from '../support/stack.ts';

/** /docs in a real browser. */
let stack: Stack;
let browser: Browser;
let page: Page;
/** What the page's policy stopped, what failed, and which other servers were asked. */
const violations: string[] = [];
const failures: string[] = [];
const elsewhere: string[] = [];

beforeAll(async () => {
  stack = await startStack({ worker: false });
  browser = await startBrowser();
  page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  page.on('console', (message) => {
    const text = message.text();
    if (text.includes('Content Security Policy')) violations.push(text);
    else if (message.type() === 'error') failures.push(text);
  });
  page.on('pageerror', (error) => failures.push(String(error)));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(stack.url) && !url.startsWith('data:')) elsewhere.push(url);
  });
});
afterAll(async () => {
  await browser?.stop();
  await stack?.stop();
});

test('the page shows every operation, and one with its schema and examples', async () => {
  await page.goto(`${stack.url}/docs`);
  await page.locator('#operations-Jobs-getJob').waitFor();
  const { paths, webhooks } = (await (await fetch(`${stack.url}/docs/json`)).json()) as OpenApiDocument;
  const operations = Object.values({ ...paths, ...webhooks }).flatMap((item) => Object.keys(item));
  expect(await page.locator('.opblock').count()).toBe(operations.length);

  await page.locator('#operations-Conversions-convert .opblock-summary-control').click();
  const convert = page.locator('#operations-Conversions-convert');
  await convert.getByText('Idempotency-Key').first().waitFor();
  await convert.getByText('507f1f77bcf86cd799439011').first().waitFor();
  await convert.getByText('SOURCE_URL_REFUSED').first().waitFor();
});

test('it asks the API with a token that is pasted', async () => {
  await page.goto(`${stack.url}/docs`);
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  await page.getByLabel('auth-bearer-value').first().fill(TOKEN);
  await page.getByRole('button', { name: 'Apply credentials' }).first().click();
  await page.getByRole('button', { name: 'Close' }).first().click();
  const job = page.locator('#operations-Jobs-getJob');
  await job.locator('.opblock-summary-control').click();
  await job.getByRole('button', { name: 'Try it out' }).click();
  await job.getByPlaceholder('jobId').fill('tape_unknown');
  await job.getByRole('button', { name: 'Execute' }).click();
  await job.locator('.live-responses-table').getByText('no job has this id').first().waitFor();
});

test('its links lead into the page', async () => {
  await page.goto(`${stack.url}/docs/#/Conversions/convert`);
  await page.locator('#operations-Conversions-convert.is-open').waitFor();
});

test('its policy stops nothing that it needs, and it asks nobody else', () => {
  expect(violations).toEqual([]);
  expect(elsewhere).toEqual([]);
  // The job that is not there.
  expect(failures.filter((text) => !text.includes('404'))).toEqual([]);
});
