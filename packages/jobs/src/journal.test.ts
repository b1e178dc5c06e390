import { expect, test } from '@jest/globals';
import { compareEntries, type JournalEntry } from './journal.ts';

const entry = (run: number, state: JournalEntry['state'], finishedAtMs = 0): JournalEntry => ({
  ...{ jobId: 'job', run, state, fields: finishedAtMs > 0 ? { finishedAtMs: String(finishedAtMs) } : {} },
});

test.each([
  ['a later run', entry(2, 'accepted'), entry(1, 'closed')],
  ['an end', entry(1, 'settled'), entry(1, 'accepted')],
  ['the last word on an end', entry(1, 'closed'), entry(1, 'settled', 5)],
  // The other was settled in old data, and nobody was told.
  ['the earlier of two ends of one run', entry(1, 'settled', 1_000), entry(1, 'settled', 2_000)],
])('%s says more of a job', (_what, a, b) => {
  expect(compareEntries(a, b)).toBeGreaterThan(0);
  expect(compareEntries(b, a)).toBeLessThan(0);
});
