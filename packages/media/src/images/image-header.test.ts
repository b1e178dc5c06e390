import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodePng } from '../../../../scripts/sample/png.ts';
import { parseImageHeader } from './image-header.ts';

const parse = (bytes: Buffer) => parseImageHeader(bytes, 'frame-7.png');
const invalid = (reason: RegExp) =>
  expect.objectContaining({ code: 'ARCHIVE_FRAME_INVALID', message: expect.stringMatching(reason) });

describe('PNG', () => {
  const png = encodePng(21, 13, () => [1, 2, 3, 4]);

  test('says its size', () => {
    expect(parse(png)).toEqual({ format: 'png', width: 21, height: 13 });
  });

  test('that is cut off anywhere is refused, by name', () => {
    for (let length = 0; length < png.length - 12; length += 7) {
      expect(() => parse(png.subarray(0, length))).toThrow(invalid(/^.*frame-7\.png: /));
    }
  });

  test('whose header was changed is refused', () => {
    const changed = Buffer.from(png);
    changed.writeUInt32BE(16_000, 16);
    expect(() => parse(changed)).toThrow(invalid(/checksum/));
  });
});

/** The first bytes of a WebP file; only what the header says matters. */
const webp = (type: string, data: number[]): Buffer => {
  const bytes = Buffer.alloc(40);
  bytes.write('RIFF', 0, 'latin1');
  bytes.write('WEBP', 8, 'latin1');
  bytes.write(type, 12, 'latin1');
  bytes.set(data, 20);
  return bytes;
};

describe('WebP', () => {
  test.each([
    ['VP8X', [0, 0, 0, 0, 63, 0, 0, 47, 0, 0]],
    ['VP8L', [0x2f, 63, 0xc0, 0x0b, 0]],
    ['VP8 ', [0, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0]],
  ])('%s says its size', (type, data) => {
    expect(parse(webp(type, data))).toEqual({ format: 'webp', width: 64, height: 48 });
  });

  test('that moves is refused', () => {
    expect(() => parse(webp('VP8X', [2, 0, 0, 0, 63, 0, 0, 47, 0, 0]))).toThrow(invalid(/animated/));
  });
});

test('any other bytes are refused and never crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => parse(Buffer.from(bytes))).toThrow(invalid(/./));
    }),
  );
});
