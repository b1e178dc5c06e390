import { expect, test } from '@jest/globals';
import { describeNext, type CallbackTry } from './callback-tries.ts';

const failed: CallbackTry = {
  ...{ what: 'callback', atMs: 10_000, status: 'pending', httpStatus: 503, durationMs: 20, nextTryInMs: 30_000 },
};

test('a try that failed says when the next one is, or was', () => {
  expect(describeNext(failed, true, 12_000)).toBe('again in 28 s');
  expect(describeNext(failed, true, 39_000)).toBe('again now');
  expect(describeNext(failed, true, 60_000)).toBe('again soon');
  expect(describeNext(failed, false, 60_000)).toBe('again after 30 s');
});

test('after the last one there is no other', () => {
  expect(describeNext({ ...failed, status: 'delivered', nextTryInMs: null }, true, 0)).toBe('delivered');
  expect(describeNext({ ...failed, status: 'exhausted', nextTryInMs: null }, true, 0)).toBe('exhausted');
});
