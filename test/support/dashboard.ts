import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Waiting for something to show up, or to happen, on the operators' page. */
const TIMEOUT_MS = 15_000;

/** Signs in, and leads to a page. @param path from /admin on: `/jobs` */
export async function signIn(page: Page, url: string, password: string, path = ''): Promise<void> {
  await page.context().clearCookies();
  page.setDefaultTimeout(TIMEOUT_MS);
  await page.goto(`${url}/admin${path}`);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

export interface Violation {
  rule: string;
  impact: string;
  /** Where it is, and what is wrong there. */
  nodes: string[];
}

/** What axe-core finds that keeps people from using the page. */
export async function findViolations(page: Page): Promise<Violation[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: AxeViolation[] }>(
    `axe.run(document, { resultTypes: ['violations'] })`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, nodes }) => ({
      ...{ rule: id, impact: impact! },
      nodes: nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`),
    }));
}

interface AxeViolation {
  id: string;
  impact: string | null;
  nodes: { html: string; failureSummary?: string }[];
}

/** Pictures that the page's video element has decoded. */
export function countFrames(page: Page): Promise<number> {
  return page.evaluate<number>(`document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames`);
}
