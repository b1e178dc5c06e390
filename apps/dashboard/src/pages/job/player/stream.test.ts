import { expect, test } from '@jest/globals';
import { nameLevels } from './stream.ts';

test('qualities are named by their height, and told apart where that is the same', () => {
  const levels = [
    { height: 720, bitrate: 1_460_986 },
    { height: 480, bitrate: 900_400 },
    { height: 480, bitrate: 496_170 },
    { height: 0, bitrate: 128_000 },
  ];
  expect(nameLevels(levels).map(({ label }) => label)).toEqual([
    '720p',
    '480p, 900 kbit/s',
    '480p, 496 kbit/s',
    'Sound',
  ]);
});
