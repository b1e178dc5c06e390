import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chooseOutputSize, countMacroblocks } from './output-size.ts';

const frame = { width: 640, height: 480 };

describe('without a word from the caller', () => {
  test.each([
    [{ width: 64, height: 48 }, [384, 288]],
    [{ width: 640, height: 480 }, [3200, 2400]],
    [{ width: 1920, height: 1080 }, [3840, 2160]],
    [{ width: 3840, height: 2880 }, [3840, 2880]],
    [{ width: 1, height: 1 }, [6, 6]],
    [{ width: 65, height: 49 }, [390, 294]],
  ])('%j becomes %j', (size, [width, height]) => {
    expect(chooseOutputSize(size, undefined, {})).toEqual({ width, height, chosenBy: 'default' });
  });

  test('it is even, and within level 5.1 whenever the frame itself is', () => {
    const side = fc.integer({ min: 1, max: 4000 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        fc.pre(countMacroblocks({ width: width + 1, height: height + 1 }) <= 36_864);
        const size = chooseOutputSize({ width, height }, undefined, {});
        expect([size.width % 2, size.height % 2]).toEqual([0, 0]);
        expect(countMacroblocks(size)).toBeLessThanOrEqual(36_864);
      }),
    );
  });
});

test('the caller’s size goes before the options, the options before the metadata’s factor', () => {
  const scaledSize = { width: 101, height: 51 };
  expect(chooseOutputSize(frame, 2, { scaledSize, scale: 3 })).toEqual({
    width: 102,
    height: 52,
    chosenBy: 'scaledSize',
  });
  expect(chooseOutputSize(frame, 2, { scale: 3 })).toMatchObject({ width: 1280, chosenBy: 'options.scale' });
  expect(chooseOutputSize(frame, undefined, { scale: 3 })).toMatchObject({ width: 1920, chosenBy: 'metadata.scale' });
});

test.each([
  { width: 20_000, height: 10 },
  { width: 16_000, height: 16_000 },
])('%j is more than H.264 has a level for', (scaledSize) => {
  expect(() => chooseOutputSize(frame, undefined, { scaledSize })).toThrow(
    expect.objectContaining({ code: 'MEDIA_FRAME_TOO_LARGE' }),
  );
});
