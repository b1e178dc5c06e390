import type { CleanupLine } from '@tapedeck/contracts';
import { expect, test } from '@jest/globals';
import { addLine, countHidden, EMPTY_LOG, summarize, type CleanupDeed } from './cleanup-log.ts';

const deed = (outcome: CleanupDeed['outcome'], sizeBytes: number | null = null): CleanupDeed => ({
  ...{ outcome, about: 'tape_1', what: 'delete its record', sizeBytes },
});
const collect = (lines: readonly CleanupLine[]) => lines.reduce(addLine, EMPTY_LOG);

test('what is told adds up, and only what is done frees anything', () => {
  const log = collect([deed('done', 1_500_000), deed('done'), deed('skipped', 7), deed('failed', 9)]);
  expect(log).toMatchObject({ done: 2, skipped: 1, failed: 1, sizeBytes: 1_500_000, isOver: false });
  expect(summarize(log, true)).toBe('2 things to do, 1.5 MB would be freed, 1 left alone, 1 failed');
  expect(summarize(log, false)).toBe('2 things done, 1.5 MB freed, 1 left alone, 1 failed');
});

test("the last line's sum counts, whatever was added up", () => {
  const log = collect([deed('done', 5), { isOver: true, done: 3, skipped: 1, failed: 0, freedBytes: 10 }]);
  expect(log).toMatchObject({ done: 3, skipped: 1, sizeBytes: 10, isOver: true });
  expect(log.deeds).toHaveLength(1);
});

test('so much is kept of a long cleanup, and what failed is among it, however late it did', () => {
  const many = Array.from({ length: 5_000 }, () => deed('done'));
  const log = collect([...many, deed('failed')]);
  expect(log.deeds).toHaveLength(100);
  expect(log.failures).toHaveLength(1);
  expect(countHidden(log)).toBe(4_900);
});
