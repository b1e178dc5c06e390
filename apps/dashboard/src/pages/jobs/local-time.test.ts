import { expect, test } from '@jest/globals';
import { parseLocalField, toLocalField } from './local-time.ts';

test.each(['2026-02-01T12:30', '2026-07-31T23:59', '2026-01-01T00:00'])('%s comes back', (value) => {
  expect(toLocalField(parseLocalField(value))).toBe(value);
});

test.each(['2026-02-01T12:30:00.000Z', '2026-07-01T00:00:00.000Z'])('%s comes back', (time) => {
  expect(parseLocalField(toLocalField(time))).toBe(time);
});

test.each([undefined, '', 'yesterday'])('%j is an empty field', (time) => {
  expect(toLocalField(time)).toBe('');
});

test('a half-filled field is none', () => expect(parseLocalField('')).toBe(''));
