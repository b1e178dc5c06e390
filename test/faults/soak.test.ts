import { expect, jest, test } from '@jest/globals';
import { reportSoak } from './soak/report.ts';
import { runSoak } from './soak/soak.ts';

/** To start, to run, to drain, to check, to stop. */
jest.setTimeout(720_000);

const DURATION_MS = 120_000;

/** For hours: `npm run soak -- --minutes N --seed S`. */
test('two minutes of random faults break no promise', async () => {
  const seed = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);
  const result = await runSoak({ seed, durationMs: DURATION_MS, signal: new AbortController().signal });
  console.log(reportSoak(seed, result));
  expect(result.jobs).toBeGreaterThan(10);
  expect(result.broken).toEqual([]);
});
