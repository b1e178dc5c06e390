import { expect, test } from '@jest/globals';
import type { HourView } from '@tapedeck/contracts';
import { describeOutcomes, describeWait, formatWaitTick, listWaits, parseHours, stackOutcomes } from './chart-data.ts';

const busy: HourView = { startMs: 3_600_000, completed: 5, failed: 2, canceled: 1, waitSec: { mean: 4, p95: 90 } };
const idle: HourView = { startMs: 7_200_000, completed: 0, failed: 0, canceled: 0, waitSec: null };

test('outcomes stand on each other, completed ones at the bottom', () => {
  expect(stackOutcomes([busy, idle])).toEqual([
    [5_400, 9_000],
    [8, 0],
    [7, 0],
    [5, 0],
  ]);
});

test('an hour of which no wait is known is a gap, not a wait of nothing', () => {
  expect(listWaits([busy, idle])).toEqual([
    [5_400, 9_000],
    [90, null],
    [4, null],
  ]);
});

test('an hour in words', () => {
  expect(describeOutcomes(busy)).toBe('5 completed, 2 failed, 1 canceled');
  expect(describeWait(busy)).toBe('mean 4 s, 95 of 100 within 2 min');
  expect(describeWait(idle)).toBe('no wait is known');
});

test.each([
  ['', 48],
  ['?hours=24', 24],
  ['?hours=168', 168],
  ['?hours=1000000', 48],
  ['?hours=soon', 48],
])('%j shows %i hours', (query, hours) => {
  expect(parseHours(query)).toBe(hours);
});

test.each([
  [0, '0'],
  [0.1 + 0.2, '0.3 s'],
  [100, '100 s'],
  [120, '2 min'],
  [5_400, '90 min'],
  [7_200, '2 h'],
])('at %d s the axis says %s', (sec, words) => {
  expect(formatWaitTick(sec)).toBe(words);
});
