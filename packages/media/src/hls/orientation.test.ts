import { expect, test } from '@jest/globals';
import { parseOrientation } from './orientation.ts';

const one = 65_536;
const print = (a: number, b: number, c: number, d: number): string =>
  `\n00000000: ${a}  ${b}           0\n00000001: ${c} ${d}           0\n00000002:            0           0  1073741824\n`;

test.each([
  { matrix: print(one, 0, 0, one), filters: [], isTurned: false },
  { matrix: print(0, one, -one, 0), filters: ['transpose=clock'], isTurned: true },
  { matrix: print(0, -one, one, 0), filters: ['transpose=cclock'], isTurned: true },
  { matrix: print(-one, 0, 0, -one), filters: ['hflip', 'vflip'], isTurned: false },
  { matrix: print(-one, 0, 0, one), filters: ['hflip'], isTurned: false },
  { matrix: print(46_341, 46_341, -46_341, 46_341), filters: [], isTurned: false },
  { matrix: 'nonsense', filters: [], isTurned: false },
  { matrix: undefined, filters: [], isTurned: false },
])('$filters is what turns $matrix upright', ({ matrix, ...orientation }) => {
  expect(parseOrientation(matrix)).toEqual(orientation);
});
