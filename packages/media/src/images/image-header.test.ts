import { describe, expect, test } from '@jest/globals';
import { JobError } from '@tapedeck/contracts';
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

/** A WebP file of these chunks; only what their headers say matters. */
const webp = (...chunks: [type: string, data: number[]][]): Buffer => {
  const body = chunks.map(([type, data]) => {
    const chunk = Buffer.alloc(8 + data.length + (data.length % 2));
    chunk.write(type, 0, 'latin1');
    chunk.writeUInt32LE(data.length, 4);
    chunk.set(data, 8);
    return chunk;
  });
  const riff = Buffer.alloc(12);
  riff.write('RIFF', 0, 'latin1');
  riff.writeUInt32LE(4 + body.reduce((sum, chunk) => sum + chunk.length, 0), 4);
  riff.write('WEBP', 8, 'latin1');
  return Buffer.concat([riff, ...body]);
};
const lossy = (width: number): [string, number[]] => [
  'VP8 ',
  [0, 0, 0, 0x9d, 0x01, 0x2a, width & 255, width >> 8, 48, 0],
];
const lossless: [string, number[]] = ['VP8L', [0x2f, 63, 0xc0, 0x0b, 0, 0, 0, 0, 0, 0]];
const canvas = (flags = 0): [string, number[]] => ['VP8X', [flags, 0, 0, 0, 63, 0, 0, 47, 0, 0]];

describe('WebP', () => {
  test.each([
    ['lossy', [lossy(64)]],
    ['lossless', [lossless]],
    ['with a canvas', [canvas(), lossy(64)]],
    ['with a canvas and alpha', [canvas(0x10), ['ALPH', [1, 2, 3, 4, 5]] as [string, number[]], lossy(64)]],
  ])('%s says its size', (_what, chunks) => {
    expect(parse(webp(...chunks))).toEqual({ format: 'webp', width: 64, height: 48 });
  });

  test('whose picture is larger than its canvas is refused', () => {
    expect(() => parse(webp(canvas(), lossy(16_383)))).toThrow(invalid(/canvas's size 64x48, got 16383x48/));
  });

  test('that moves, has no picture or is cut off is refused', () => {
    expect(() => parse(webp(canvas(2), ['ANIM', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]))).toThrow(invalid(/animated/));
    expect(() => parse(webp(canvas()))).toThrow(invalid(/no picture/));
    expect(() => parse(webp(lossy(64)).subarray(0, 30 - 1))).toThrow(invalid(/cut off|no picture/));
  });
});

test('a WebP whose canvas has no room for its size is refused', () => {
  expect(() => parse(webp(['VP8X', [0, 0]], lossy(64)))).toThrow(invalid(/canvas/));
});

/** Whole pictures of each kind. */
const PICTURES = [encodePng(8, 8, () => [1, 2, 3, 4]), webp(lossy(64)), webp(lossless), webp(canvas(), lossy(64))];

test('any bytes at all, and any changes of a picture, are a header or refused', () => {
  const change = fc.record({ at: fc.nat(80), bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }), cut: fc.nat(160) });
  const changed = fc.tuple(fc.constantFrom(...PICTURES), fc.array(change)).map(([picture, changes]) =>
    changes.reduce((bytes, { at, bytes: piece, cut }) => {
      const next = Buffer.from(bytes.subarray(0, Math.max(12, cut)));
      next.set(piece.subarray(0, Math.max(0, next.length - at)), Math.min(at, next.length));
      return next;
    }, picture),
  );
  const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(changed, anything), (bytes) => {
      expect(outcomeOf(bytes)).toMatch(/^(png|webp|ARCHIVE_FRAME_INVALID)$/);
    }),
    { numRuns: 2000 },
  );
});

function outcomeOf(bytes: Buffer): string {
  try {
    return parse(bytes).format;
  } catch (error) {
    if (error instanceof JobError) return error.code;
    throw error;
  }
}
