import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHlsChoices, parseTapeChoices } from './parse-choices.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'td-choices-'));
});
afterAll(() => rm(dir, { recursive: true }));

test('what is not said is as the service has it', async () => {
  expect(await parseTapeChoices({ poster: true })).toEqual({
    options: { timing: 'cfr30', crf: 23, preset: 'medium', poster: true },
    metadata: undefined,
  });
  expect(await parseHlsChoices({ poster: true })).toEqual({ options: { storyboard: false } });
});

test('what is typed is what a request would say', async () => {
  const typed = { timing: 'exact', crf: '18.5', preset: 'fast', scale: '2', maxBytes: '70000', poster: false };
  expect((await parseTapeChoices(typed)).options).toEqual({ ...typed, crf: 18.5, scale: 2, maxBytes: 70_000 });
  expect((await parseTapeChoices({ metadata: '{"scaledSize":[640,480]}' })).metadata).toEqual({
    scaledSize: [640, 480],
  });
  expect(await parseHlsChoices({ ladder: 'web', storyboard: true })).toEqual({
    ladder: 'web',
    options: { storyboard: true },
  });
});

test('JSON may be in a file', async () => {
  await writeFile(join(dir, 'ladder.json'), '[{"name":"small","height":240}]');
  expect((await parseHlsChoices({ ladder: `@${join(dir, 'ladder.json')}` })).ladder).toEqual([
    { name: 'small', height: 240 },
  ]);
  await expect(parseHlsChoices({ ladder: '@nowhere.json' })).rejects.toThrow(
    '--ladder: expected a file that can be read, got "nowhere.json"',
  );
});

test.each([
  [{ crf: 'low' }, '--crf: expected a number, got "low"'],
  [{ crf: '' }, '--crf: expected a number, got ""'],
  [{ crf: '60' }, '--crf: '],
  [{ maxBytes: '12' }, '--max-bytes: '],
  [{ metadata: '{' }, '--metadata: expected a JSON object, got "{"'],
  [{ metadata: '[1]' }, '--metadata: expected an object'],
  [{ ladder: 'web' }, '--ladder: expected only with a video'],
])('of a tape %j is wrong, and named', async (options, message) => {
  await expect(parseTapeChoices(options)).rejects.toThrow(message);
});

test.each([
  [{ ladder: 'fine' }, '--ladder: expected "mobile", "mobile-1080", "web" or a list of rungs, got "fine"'],
  [{ ladder: '[{"name":"a"}]' }, '--ladder, 0.height: '],
  [{ ladder: '[' }, '--ladder: expected a name, or a JSON list of rungs, got "["'],
  [{ poster: false }, '--no-poster: expected only with a tape'],
  [{ timing: 'exact' }, '--timing: expected only with a tape'],
])('of a video %j is wrong, and named', async (options, message) => {
  await expect(parseHlsChoices(options)).rejects.toThrow(message);
});
