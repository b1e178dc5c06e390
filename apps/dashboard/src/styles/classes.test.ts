import { expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** All styles are in one sheet in the end: a class that two files style has the looks of both. */
test('a class is styled in one file', () => {
  const sources = join(import.meta.dirname, '..');
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.css'));
  const styledIn = new Map<string, Set<string>>();
  for (const file of files) {
    // One page may have a sheet for narrow windows beside its own.
    const owner = file.replace('-narrow.css', '.css');
    for (const [, name = ''] of readFileSync(join(sources, file), 'utf8').matchAll(/^\.([a-z-]+)/gm)) {
      styledIn.set(name, (styledIn.get(name) ?? new Set()).add(owner));
    }
  }
  expect(styledIn.size).toBeGreaterThan(50);
  expect([...styledIn].filter(([, owners]) => owners.size > 1)).toEqual([]);
});
