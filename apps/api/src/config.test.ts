import { expect, test } from '@jest/globals';
import { loadConfig } from './config.ts';

test('a key of oven-complete is one that is known, or the API does not start', () => {
  const needed = { REDIS_URL: 'redis://localhost', API_KEYS: `site:${'0'.repeat(64)}` };
  const load = (changes: Record<string, string>) => loadConfig({ ...needed, ...changes }).OVEN_COMPLETE_KEYS;
  expect(load({ OVEN_COMPLETE_KEYS: 'site' })).toEqual(['site']);
  expect(load({ OVEN_COMPLETE_KEYS: 'site,mp4-service', MP4_SERVICE_TOKEN: 'x' })).toEqual(['site', 'mp4-service']);
  for (const id of ['other', 'mp4-service']) {
    expect(() => load({ OVEN_COMPLETE_KEYS: `site,${id}` })).toThrow(
      `OVEN_COMPLETE_KEYS: expected ids of API_KEYS (or`,
    );
  }
});
