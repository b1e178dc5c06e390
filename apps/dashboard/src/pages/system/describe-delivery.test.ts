import { expect, test } from '@jest/globals';
import { describeDelivery } from './describe-delivery.ts';

test.each([
  [{ httpStatus: 204, isDelivered: true, problem: null }, 'The receiver answered HTTP 204 within 120 ms.'],
  [{ httpStatus: 401, isDelivered: false, problem: null }, /^The receiver answered HTTP 401 .* right secret\?$/],
  [{ httpStatus: 301, isDelivered: false, problem: null }, /Redirects are not followed/],
  [{ httpStatus: 500, isDelivered: false, problem: null }, /log says why\.$/],
  [
    { httpStatus: null, isDelivered: false, problem: 'The receiver refused the connection.' },
    'The receiver refused the connection.',
  ],
  [{ httpStatus: null, isDelivered: false, problem: null }, 'There was no answer within 120 ms.'],
])('%j is told in words', (answer, words) => {
  const said = describeDelivery({ durationMs: 120, ...answer });
  if (typeof words === 'string') expect(said).toBe(words);
  else expect(said).toMatch(words);
});
