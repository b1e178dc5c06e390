import { describe, expect, test } from '@jest/globals';
import { buildTapeKeys, encodeKey, findObjectKey } from './object-key.ts';

const addresses = { spacesEndpoint: 'https://sfo3.digitaloceanspaces.com', publicUrl: 'http://localhost:3000' };

describe('the key of a URL', () => {
  test.each([
    ['https://media.sfo3.digitaloceanspaces.com/auth0|123/wand.zip', 'auth0|123/wand.zip'],
    ['https://media.sfo3.digitaloceanspaces.com/auth0%7C123/wand.zip', 'auth0|123/wand.zip'],
    ['https://media.sfo3.digitaloceanspaces.com/a%2520b.zip', 'a%20b.zip'],
    ['https://media.nyc3.digitaloceanspaces.com/wand.zip', 'wand.zip'],
    ['https://media.sfo3.cdn.digitaloceanspaces.com/u/video/wand.zip', 'u/video/wand.zip'],
    ['https://sfo3.digitaloceanspaces.com/media/u/wand.zip', 'u/wand.zip'],
    ['http://localhost:3000/storage/media/u/wand.zip', 'u/wand.zip'],
    ['https://media.evil.com/u/wand.zip', undefined],
    ['https://media.sfo3.digitaloceanspaces.com.evil.com/u/wand.zip', undefined],
    ['https://other.sfo3.digitaloceanspaces.com/u/wand.zip', undefined],
    ['https://example.com/media/wand.zip', undefined],
    ['https://media.sfo3.digitaloceanspaces.com/%E0%A4%A', undefined],
  ])('%s is %s', (url, key) => {
    expect(findObjectKey(url, 'media', addresses)).toBe(key);
  });
});

describe('the keys of a tape', () => {
  const keys = (zipUrl: string, slug = 'fallback') => buildTapeKeys({ zipUrl, bucket: 'media', slug }, addresses);

  test('lie beside its ZIP', () => {
    expect(keys('https://media.sfo3.digitaloceanspaces.com/auth0|1/2025.10.17.12.34.zip')).toEqual({
      mp4Key: 'auth0|1/2025.10.17.12.34.mp4',
      posterKey: 'auth0|1/2025.10.17.12.34-poster.jpg',
    });
  });

  test('go by the slug, dots and all, where the ZIP is somebody else’s', () => {
    expect(keys('https://example.com/x.zip', '2025.10.17.12.34.56.789').mp4Key).toBe('2025.10.17.12.34.56.789.mp4');
  });

  test('never climb', () => {
    expect(keys('https://media.sfo3.digitaloceanspaces.com/a/..%2f..%2fx.zip').mp4Key).toBe('fallback.mp4');
  });
});

test('a key is encoded in the style of the caller’s URL', () => {
  expect(encodeKey('auth0|1/a b%.mp4', 'https://x/auth0|1/a.zip')).toBe('auth0|1/a%20b%25.mp4');
  expect(encodeKey('auth0|1/a.mp4', 'https://x/auth0%7C1/a.zip')).toBe('auth0%7C1/a.mp4');
  expect(encodeKey('a@b.c/q+r.mp4', 'https://x:8443/a@b.c/q%2Br.zip?x=+')).toBe('a@b.c/q%2Br.mp4');
});
