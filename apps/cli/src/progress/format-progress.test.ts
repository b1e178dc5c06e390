import { describe, expect, test } from '@jest/globals';
import { formatDuration, formatProgress } from './format-progress.ts';

const progress = { percent: 42.9, phase: 'encode', speed: '3.1×', leftSec: 11.2 };

describe('a line of progress', () => {
  test('has phase, bar, percent, speed and time left', () => {
    expect(formatProgress(progress, 79)).toBe('encode    [###########..............]  42 %  3.1×  0:12 left');
  });

  test.each([
    [48, 'encode    [######.......]  42 %  3.1×  0:12 left'],
    [36, 'encode    [###....]  42 %  0:12 left'],
    [24, 'encode    [###...]  42 %'],
    [12, '42 %'],
    [3, '42 '],
    [0, ''],
  ])('in %i columns has what fits', (columns, line) => {
    expect(formatProgress(progress, columns)).toBe(line);
    expect(line.length).toBeLessThanOrEqual(columns);
  });

  test('says nothing of what is not known', () => {
    expect(formatProgress({ percent: 0, phase: '' }, 79)).toBe('[.........................]   0 %');
    expect(formatProgress({ percent: 130, phase: '' }, 79)).toContain('[#########################]');
  });
});

test.each([
  [0, '0:00'],
  [59.2, '1:00'],
  [754, '12:34'],
  [3723, '1:02:03'],
])('%d s are %s', (durationSec, text) => {
  expect(formatDuration(durationSec)).toBe(text);
});
