import { expect, test } from '@jest/globals';
import { stripUrlQueries } from './redact.ts';

test.each([
  ['GET https://a.example/x?signature=abc&b=1 failed', 'GET https://a.example/x?… failed'],
  ['redis://user:hunter2@host:6379/0', 'redis://host:6379/0'],
  ['no url at all?x=1', 'no url at all?x=1'],
  ['https://a.example/auth0|1/x.zip', 'https://a.example/auth0|1/x.zip'],
])('%s → %s', (text, expected) => {
  expect(stripUrlQueries(text)).toBe(expected);
});
