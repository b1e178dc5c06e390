import { expect, test } from '@jest/globals';
import { formatAge } from './format.ts';

test.each([
  [0, 'just now'],
  [4.9, 'just now'],
  [6.7, '7 s ago'],
  [59.4, '59 s ago'],
  [59.6, '1 min ago'],
  [7200, '2 h ago'],
  [-6.7, 'in 7 s'],
])('what was %d s ago was %s', (sec, words) => {
  expect(formatAge(0, sec * 1000)).toBe(words);
});
