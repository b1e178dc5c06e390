import { expect, test } from '@jest/globals';
import { hashPassword, parsePasswordHash, verifyPassword } from './password.ts';

test('what is kept of a password knows it again, in every spelling of Unicode, and no other', async () => {
  const text = await hashPassword('pässword');
  expect(text).toMatch(/^scrypt\.65536\.8\.1\.[\w-]{22}\.[\w-]{43}$/);
  const hash = parsePasswordHash(text)!;
  expect(await verifyPassword('pa\u0308ssword', hash)).toBe(true);
  expect(await verifyPassword('password', hash)).toBe(false);
  expect(await hashPassword('pässword')).not.toBe(text);
});

const HASH = 'A'.repeat(43);
test.each([
  'hunter2',
  '$2b$10$abcdefghijklmnopqrstuv',
  `scrypt.65535.8.1.salt.${HASH}`,
  `scrypt.0.8.1.salt.${HASH}`,
  `scrypt.65536.0.1.salt.${HASH}`,
  `scrypt.65536.8.0.salt.${HASH}`,
  `scrypt.1073741824.8.1.salt.${HASH}`,
  'scrypt.65536.8.1.salt.short',
])('%s is none', (text) => {
  expect(parsePasswordHash(text)).toBeUndefined();
});
