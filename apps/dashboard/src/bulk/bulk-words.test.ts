import { expect, test } from '@jest/globals';
import { countJobs, describeSum } from './bulk-words.ts';

test.each([
  [0, false, '0 jobs'],
  [1, false, '1 job'],
  [12_345, false, '12,345 jobs'],
  [1, true, 'about 1 jobs'],
  [2_000, true, 'about 2,000 jobs'],
])('%i, estimated: %j', (count, isEstimate, words) => {
  expect(countJobs(count, isEstimate)).toBe(words);
});

test('the sum names what was not done only where there is some of it', () => {
  const progress = { total: 3, seen: 3, done: 3, skipped: 0, failed: 0, lastProblem: null, isOver: true };
  expect(describeSum('retry', progress)).toBe('3 jobs were retried.');
  expect(describeSum('delete', { ...progress, done: 1, skipped: 1_000, failed: 1 })).toBe(
    '1 job was deleted, 1,000 skipped, 1 failed.',
  );
});
