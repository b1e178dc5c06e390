import { afterAll, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { LARGE_RECIPES } from '../fixtures/archives/large-recipes.ts';
import { RECIPES } from '../fixtures/archives/recipes.ts';
import { unpack } from '../support/unpack.ts';

const DIR = new URL('../fixtures/archives/', import.meta.url);
const corpus = (await readdir(DIR)).filter((name) => name.endsWith('.zip')).map((name) => name.slice(0, -4));

/** Names of our own making: nothing of an archive's name is in them but one of four extensions. */
const OUR_NAMES = /^(frame-\d{6}\.(png|webp)|soundtrack\.(wav|webm))$/;

async function assertOutcome(name: string, zip: Buffer, bounds: { bytes: number; ms: number }): Promise<void> {
  const startedAt = performance.now();
  const { code, message, outside, fileNames, bytesWritten } = await unpack(zip);
  expect(performance.now() - startedAt).toBeLessThan(bounds.ms);
  expect({ code, message }).toMatchObject({ code: name.split('.')[0] });
  expect(outside).toEqual([]);
  expect(fileNames.filter((fileName) => !OUR_NAMES.test(fileName))).toEqual([]);
  expect(bytesWritten).toBeLessThan(bounds.bytes);
}

test('the corpus is what make.ts writes', () => {
  expect(corpus.toSorted()).toEqual(Object.keys(RECIPES).toSorted());
});

test.each(corpus)('archive %s ends as its name says', async (name) => {
  await assertOutcome(name, await readFile(new URL(`${name}.zip`, DIR)), { bytes: 100_000, ms: 10_000 });
});

/** The one that is found to be none only when it is unpacked: its first frame. */
const LARGEST_FRAME_BYTES = 21_000_000;

test.each(Object.entries(LARGE_RECIPES))(
  'large archive %s ends as its name says, soon and small',
  async (name, build) => {
    const zip = build();
    const before = process.memoryUsage.rss();
    await assertOutcome(name, zip, { bytes: LARGEST_FRAME_BYTES, ms: 30_000 });
    expect(process.memoryUsage.rss() - before).toBeLessThan(300_000_000);
  },
);

afterAll(() => {
  for (const name of ['/tmp/absolute.txt', '/tmp/climbed.txt']) expect(existsSync(name)).toBe(false);
});
