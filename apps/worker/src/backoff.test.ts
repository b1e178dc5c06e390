import { expect, test } from '@jest/globals';
import { JobError } from '@tapedeck/contracts';
import { backoffMs } from './backoff.ts';

const middle = () => 0.5;

test.each([
  ['ENCODE_FAILED', 1, 5_000],
  ['ENCODE_FAILED', 2, 10_000],
  ['ENCODE_FAILED', 3, 20_000],
  ['SOURCE_UNAVAILABLE', 1, 10_000],
  ['WORKER_DISK_FULL', 2, 40_000],
] as const)('after %s at attempt %i it waits %i ms', (code, attempt, waitMs) => {
  expect(backoffMs(5_000, attempt, new JobError(code), middle)).toBe(waitMs);
});

test('jobs that failed together return up to 20 % sooner or later', () => {
  const error = new JobError('ENCODE_FAILED');
  expect(backoffMs(1_000, 1, error, () => 0)).toBe(800);
  expect(backoffMs(1_000, 1, error, () => 1)).toBe(1_200);
});
