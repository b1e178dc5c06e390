import { expect, test } from '@jest/globals';
import { resolveLadder, type LadderName } from '@tapedeck/contracts';
import fc from 'fast-check';
import { chooseRenditions } from './renditions.ts';

const sizes = (width: number, height: number, ladder: LadderName): string[] =>
  chooseRenditions({ width, height }, resolveLadder(ladder)).map((one) => `${one.name} ${one.width}x${one.height}`);

test.each([
  { source: [1920, 1080], ladder: 'mobile', expected: ['720p 1280x720', '480p 854x480'] },
  { source: [1920, 1080], ladder: 'mobile-1080', expected: ['1080p 1920x1080', '720p 1280x720', '480p 854x480'] },
  { source: [3840, 2160], ladder: 'web', expected: ['high 1920x1080', 'medium 854x480', 'low 640x360'] },
  { source: [1080, 1920], ladder: 'mobile', expected: ['720p 720x1280', '480p 480x854'] },
  { source: [640, 360], ladder: 'mobile', expected: ['720p 640x360'] },
  { source: [853, 481], ladder: 'mobile', expected: ['720p 852x480'] },
  { source: [854, 482], ladder: 'mobile', expected: ['720p 854x482', '480p 850x480'] },
  { source: [1, 1], ladder: 'web', expected: ['high 16x16'] },
] as const)('$source by $ladder', ({ source: [width, height], ladder, expected }) => {
  expect(sizes(width, height, ladder)).toEqual(expected);
});

test('no rendition is larger than its source or its rung, none is odd, none comes twice', () => {
  const side = fc.integer({ min: 16, max: 8000 });
  fc.assert(
    fc.property(side, side, (width, height) => {
      const ladder = resolveLadder('mobile-1080');
      const renditions = chooseRenditions({ width, height }, ladder);
      for (const one of renditions) {
        const rung = ladder.rungs.find(({ name }) => name === one.name)!;
        expect((one.width % 2) + (one.height % 2)).toBe(0);
        expect(one.width).toBeLessThanOrEqual(Math.max(16, width));
        expect(one.height).toBeLessThanOrEqual(Math.max(16, height));
        expect(Math.min(one.width, one.height)).toBeLessThanOrEqual(rung.height);
      }
      expect(new Set(renditions.map((one) => `${one.width}x${one.height}`)).size).toBe(renditions.length);
    }),
  );
});
