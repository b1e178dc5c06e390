import { expect, test } from '@jest/globals';
import { createRedactor, stripUrlQueries } from './redact.ts';

test.each([
  ['GET https://a.example/x?signature=abc&b=1 failed', 'GET https://a.example/x?… failed'],
  ['redis://user:hunter2@host:6379/0', 'redis://host:6379/0'],
  ['https://u:p@ssword@h/x', 'https://h/x'],
  ['no url at all?x=1', 'no url at all?x=1'],
  ['https://a.example/auth0|1/x.zip', 'https://a.example/auth0|1/x.zip'],
])('%s → %s', (text, expected) => {
  expect(stripUrlQueries(text)).toBe(expected);
});

test('secrets and directories are found wherever they are, and nothing else is', () => {
  const redact = createRedactor({
    secrets: ['say "friend"', 'hunter2-and-more', 'hunter2', 'a+b(c)d', 'tiny'],
    dirs: { '/app': '.', '/app/data': '$DATA_DIR', '/': 'never' },
  });
  expect(redact('x=hunter2-and-more y=hunter2;a+b(c)d tiny')).toBe('x=[redacted] y=[redacted];[redacted] tiny');
  expect(redact(JSON.stringify({ said: 'say "friend" and enter' }))).toBe('{"said":"[redacted] and enter"}');
  expect(redact('at file:///app/src/a.ts (/app/data/x) "/app"')).toBe('at file://./src/a.ts ($DATA_DIR/x) "."');
  expect(redact('https://a.example/app/x /apps /application')).toBe('https://a.example/app/x /apps /application');
});
