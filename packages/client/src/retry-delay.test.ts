import { describe, expect, test } from '@jest/globals';
import { chooseRetryDelay, parseRetryAfter } from './retry-delay.ts';
import { TapedeckError } from './tapedeck-error.ts';

const failure = (retryAfterMs?: number) => new TapedeckError('QUEUE_UNAVAILABLE', 'away', { retryAfterMs });

describe('the wait before the next try', () => {
  test.each([
    [1, 500],
    [2, 1_000],
    [3, 2_000],
    [5, 8_000],
    [50, 8_000],
  ])('after try %s is %s ms ± 20 %%', (triesMade, delayMs) => {
    expect(chooseRetryDelay(failure(), triesMade, () => 0)).toBeCloseTo(delayMs * 0.8);
    expect(chooseRetryDelay(failure(), triesMade, () => 1)).toBeCloseTo(delayMs * 1.2);
  });

  test('is never less than Retry-After', () => {
    expect(chooseRetryDelay(failure(5_000), 1, () => 0)).toBe(5_000);
  });

  test('of more than a minute is the caller’s to decide', () => {
    expect(chooseRetryDelay(failure(60_000), 1, () => 0)).toBe(60_000);
    expect(chooseRetryDelay(failure(61_000), 1)).toBeUndefined();
  });
});

test.each([
  ['120', 120_000],
  ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
  ['Sat, 21 Nov 2020 12:00:30 GMT', 0],
  ['soon', undefined],
  [null, undefined],
])('Retry-After: %s is %s ms', (header, expected) => {
  expect(parseRetryAfter(header, Date.parse('2026-11-21T12:00:00Z'))).toBe(expected);
});
