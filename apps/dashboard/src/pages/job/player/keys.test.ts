import { expect, test } from '@jest/globals';
import { readKey } from './keys.ts';

const press = (key: string, tag = 'section', rest = {}) =>
  readKey({ key, isModified: false, focused: { tag, isVolume: false }, ...rest });

test('the keys of a player', () => {
  const asked = [' ', 'k', 'K', 'ArrowLeft', 'ArrowRight', 'm', 'f', 'x', 'Enter'].map((key) => press(key));
  expect(asked).toEqual(['toggle', 'toggle', 'toggle', 'back', 'forward', 'mute', 'full', undefined, undefined]);
});

test('what a control does with a key itself is left to it', () => {
  expect(press(' ', 'button')).toBeUndefined();
  expect(press('k', 'button')).toBe('toggle');
  expect(press('m', 'select')).toBeUndefined();
  expect(press('ArrowLeft', 'input', { focused: { tag: 'input', isVolume: true } })).toBeUndefined();
  expect(press('ArrowLeft', 'input')).toBe('back');
});

test('with Ctrl it is the browser that is meant', () => {
  expect(press('f', 'section', { isModified: true })).toBeUndefined();
});
