import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assertUrlAllowed, isPublicAddress } from './url-policy.ts';

const check =
  (url: string, allowPrivateNetwork = false) =>
  () =>
    assertUrlAllowed(url, { allowPrivateNetwork }, 'SOURCE_URL_REFUSED');
const refused = expect.objectContaining({ code: 'SOURCE_URL_REFUSED' });

test.each([
  'https://example.com/a',
  'https://example.com:8443/a',
  'https://1.1.1.1/',
  'https://[2606:4700::1111]/',
  'https://x.sfo3.digitaloceanspaces.com/auth0|1/a.zip',
])('%s is allowed', (url) => {
  expect(check(url)).not.toThrow();
});

describe('refused', () => {
  test.each([
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'https://user@example.com/',
    'https://:pass@example.com/',
    'https://example.com:22/',
    'https://localhost/',
    'https://api.localhost/',
    'https://printer.local/',
    'https://intranet/',
    'https://metadata.google.internal/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://192.168.1.1/',
    'https://169.254.169.254/',
    'https://100.64.0.1/',
    'https://0.0.0.0/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:10.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[fe80::1]/',
    'https://[fc00::1]/',
    'https://[fec0::1]/',
    'https://[2002:7f00:1::]/',
    'https://[ff02::1]/',
  ])('%s', (url) => {
    expect(check(url)).toThrow(refused);
  });

  test('the message never holds the URL', () => {
    try {
      check('https://user:hunter2@example.com/?signature=abc')();
    } catch (error) {
      expect(String(error)).not.toMatch(/hunter2|signature/);
    }
    expect.assertions(1);
  });
});

test('for development, http and private addresses are allowed, other schemes and passwords are not', () => {
  expect(check('http://127.0.0.1:9000/a', true)).not.toThrow();
  expect(check('file:///etc/passwd', true)).toThrow(refused);
  expect(check('http://user:pass@localhost/', true)).toThrow(refused);
});

const octet = fc.integer({ min: 0, max: 255 });

test('no address of the private IPv4 ranges is public, written as IPv4, mapped or through NAT64', () => {
  const privateRange = fc.oneof(
    fc.tuple(fc.constantFrom(0, 10, 127), octet, octet, octet),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet),
    fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
    fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
    fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
  );
  fc.assert(
    fc.property(privateRange, (octets) => {
      const dotted = octets.join('.');
      expect(isPublicAddress(dotted)).toBe(false);
      expect(isPublicAddress(`::ffff:${dotted}`)).toBe(false);
      const [a, b, c, d] = octets.map((value) => value.toString(16).padStart(2, '0'));
      expect(isPublicAddress(`64:ff9b::${a}${b}:${c}${d}`)).toBe(false);
    }),
  );
});
