import { expect, test } from '@jest/globals';
import { createAbsence } from './absence.ts';

test('no worker is there when none was seen for the time, from the first look on', () => {
  const absence = createAbsence(60_000, 1_000);
  expect(absence.note('none', 60_999)).toBe(false);
  expect(absence.note('none', 61_000)).toBe(true);
});

test('a worker that is seen begins the time anew', () => {
  const absence = createAbsence(60_000, 0);
  expect(absence.note('some', 59_000)).toBe(false);
  expect(absence.note('none', 61_000)).toBe(false);
  expect(absence.note('none', 119_000)).toBe(true);
  expect(absence.note('some', 120_000)).toBe(false);
});

test('a Redis that does not answer is not an absence of workers, however long it is away', () => {
  const absence = createAbsence(60_000, 0);
  for (const nowMs of [30_000, 300_000, 600_000]) expect(absence.note(undefined, nowMs)).toBe(false);
  expect(absence.note('none', 602_000)).toBe(false);
  expect(absence.note('none', 660_000)).toBe(true);
});
