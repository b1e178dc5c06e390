import { expect, test } from '@jest/globals';
import { printable } from './printable.ts';

test.each([
  ['a\u001b[31mred\u001b]0;title\u0007', 'a\\u001b[31mred\\u001b]0;title\\u0007'],
  ['two\nlines\r', 'two\\u000alines\\u000d'],
  ['\u009b2J, \u202egpj.exe', '\\u009b2J, \\u202egpj.exe'],
])('%j is spelled out', (text, spelled) => {
  expect(printable(text)).toBe(spelled);
});

test('every other letter stays', () => {
  expect(printable('übung – 日本 👍🏽.mp4')).toBe('übung – 日本 👍🏽.mp4');
});
