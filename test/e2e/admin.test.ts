import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { hashPassword } from '@tapedeck/runtime';
import { startBrowser, type Browser } from '../support/browser.ts';
import { startStack, type Stack } from '../support/stack.ts';

/** /admin in a real browser. */
const PASSWORD = 'correct horse battery staple';
const VIEWERS_PASSWORD = 'only looking, thank you';
let stack: Stack;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  const [admin, viewer] = await Promise.all([hashPassword(PASSWORD), hashPassword(VIEWERS_PASSWORD)]);
  stack = await startStack({
    worker: false,
    env: { ADMIN_PASSWORD_HASH: admin, VIEWER_PASSWORD_HASH: viewer, ENVIRONMENT_NAME: 'staging' },
  });
  browser = await startBrowser();
  page = await browser.newPage();
});
afterAll(async () => {
  await browser?.stop();
  await stack?.stop();
});

async function signIn(password: string): Promise<void> {
  // A page without its cookie goes to the login by itself, and would get in our way.
  await page.goto('about:blank');
  await page.context().clearCookies();
  await page.goto(`${stack.url}/admin/queues`);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('conversions').first().waitFor();
}

describe('Bull Board behind the login', () => {
  test('works under the strict policy: only what it would load from elsewhere is refused', async () => {
    const refusals: string[] = [];
    const requested: string[] = [];
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) refusals.push(message.text());
    });
    page.on('request', (request) => requested.push(request.url()));
    await signIn(PASSWORD);
    expect(new URL(page.url()).pathname).toBe('/admin/queues');
    await page.getByText('conversions').first().click();
    await page.getByText('callbacks').first().waitFor();
    // Styles of its own, which only move things about, and fonts of others.
    expect(refusals.filter((text) => !/^Applying inline style|fonts\.googleapis/.test(text))).toEqual([]);
    const hosts = new Set(requested.map((url) => new URL(url).host));
    hosts.delete(new URL(stack.url).host);
    expect([...hosts].filter((host) => !host.startsWith('fonts.'))).toEqual([]);
  });

  test('offers a viewer no button that he may not use', async () => {
    const countMenus = async () => {
      await page.goto(`${stack.url}/admin/queues/queue/conversions`);
      await page.getByText('No latest jobs').waitFor();
      return page.locator('main button[aria-haspopup="menu"]').count();
    };
    await signIn(PASSWORD);
    expect(await countMenus()).toBe(1);
    await signIn(VIEWERS_PASSWORD);
    expect(await countMenus()).toBe(0);
  });

  test('says where it runs, and names what waits', async () => {
    await stack.post(stack.tapeRequest('https://example.com/a.zip', { slug: 'wand-1729177200000' }));
    await signIn(PASSWORD);
    await page.getByText('staging').first().waitFor();
    await page.goto(`${stack.url}/admin/queues/queue/conversions`);
    await page.getByText('tape wand-1729177200000').first().waitFor();
  });
});

test('a page of another site can write nothing in the name of who is signed in', async () => {
  await signIn(PASSWORD);
  // Another site to the browser, whoever serves it.
  const trap = `<form method="post" action="${stack.url}/admin/logout"></form><script>document.forms[0].submit()</script>`;
  const url = stack.source.serve('/trap.html', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(trap);
  });
  const evil = await browser.newPage();
  await Promise.all([
    evil.waitForResponse((response) => response.url().endsWith('/admin/logout')),
    evil.goto(url.replace('127.0.0.1', 'localhost')),
  ]);
  await evil.close();
  await page.goto(`${stack.url}/admin`);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
});

test('signing out leads back to the login', async () => {
  await signIn(PASSWORD);
  await page.goto(`${stack.url}/admin`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Password').waitFor();
  await page.goto(`${stack.url}/admin/queues`);
  expect(new URL(page.url()).pathname).toBe('/admin/login');
});
