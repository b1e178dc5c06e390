import { expect, test } from '@jest/globals';
import { buildFacts, buildLabel } from './facts.ts';

const textOf = (value: Record<string, unknown>): string | undefined => {
  const [fact] = buildFacts(value);
  return fact?.is === 'text' ? `${fact.label}: ${fact.text}` : fact?.is;
};

test.each([
  [{ estimatedBytes: 295_869_784 }, 'Estimated: 296 MB'],
  [{ durationSec: 12 }, 'Duration: 12 s'],
  [{ framesPerSec: 30 }, 'Frames per sec: 30'],
  [{ bitrateKbps: 2500 }, 'Bitrate: 2500 kbit/s'],
  [{ megapixels: 479.3472 }, 'Megapixels: 479.347'],
  [{ frames: 12_345 }, 'Frames: 12,345'],
  [{ bFrames: 3 }, 'B frames: 3'],
  [{ reducedForMemory: false }, 'Reduced for memory: no'],
  [{ poster: null }, 'Poster: –'],
  [{ passes: [['720p', '480p']] }, 'group'],
  [{ names: ['a', 'b'] }, 'Names: a, b'],
  [{ display: { width: 1280, height: 720 } }, 'Display: 1280 × 720'],
  [{ nothing: {} }, 'Nothing: –'],
  [{ none: [] }, 'None: –'],
])('%j is told as %s', (value, expected) => {
  expect(textOf(value)).toBe(expected);
});

test('what is not there is not told', () => {
  expect(buildFacts({ settings: undefined })).toEqual([]);
});

test('a list of alike things is a table, also where one has less than the others', () => {
  const [fact] = buildFacts({ renditions: [{ name: '720p', crf: 28 }, { name: 'audio' }] });
  expect(fact).toEqual({
    label: 'Renditions',
    is: 'table',
    columns: ['Name', 'Crf'],
    rows: [
      ['720p', '28'],
      ['audio', '–'],
    ],
  });
});

test('nothing is ever told as [object Object], however deep it is or mixed', () => {
  let deep: unknown = { end: [1, { a: [] }] };
  for (let level = 0; level < 50; level++) deep = { list: [deep, [1, [2]], 'text', null], one: { of: [[level]] } };
  const told = JSON.stringify(buildFacts({ deep }));
  expect(told).not.toContain('[object');
  expect(JSON.stringify(buildFacts({ list: [{ a: { b: 1 } }, 2] }))).not.toContain('[object');
});

test.each([
  ['chosenBy', 'Chosen by'],
  ['aboveLevel51', 'Above level51'],
  ['max_bytes', 'Max bytes'],
  ['Bytes', 'Bytes'],
])('%s is called %s', (key, label) => {
  expect(buildLabel(key)).toBe(label);
});
