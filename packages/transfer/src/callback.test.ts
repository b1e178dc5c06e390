import { describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { signEvent } from './callback.ts';
import { parseRetryAfter } from './retry-after.ts';

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

describe('a signature', () => {
  const [first, second] = [newSecret(), newSecret()];
  const nowSec = Math.floor(Date.now() / 1000);
  const body = '{"jobId":"tape_1","title":"ünïcode"}';
  const headers = (secrets: string[]) => ({
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(nowSec),
    'webhook-signature': signEvent(secrets, 'evt_1', nowSec, body),
  });

  test('is what the reference library verifies', () => {
    expect(new Webhook(first).verify(body, headers([first]))).toMatchObject({ jobId: 'tape_1' });
  });

  test('is made with every secret while rotating, the first first', () => {
    const both = headers([first, second]);
    expect(both['webhook-signature'].split(' ')[0]).toBe(headers([first])['webhook-signature']);
    for (const secret of [first, second]) expect(() => new Webhook(secret).verify(body, both)).not.toThrow();
  });

  test('does not fit another body', () => {
    expect(() => new Webhook(first).verify(`${body} `, headers([first]))).toThrow();
  });
});

test.each([
  ['120', 120_000],
  ['0', 0],
  ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
  ['Sat, 21 Nov 2020 12:00:30 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After: %s is %s ms', (header, expected) => {
  expect(parseRetryAfter(header, Date.parse('2026-11-21T12:00:00Z'))).toBe(expected);
});
