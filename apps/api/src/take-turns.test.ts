import { expect, test } from '@jest/globals';
import { createTurns } from './take-turns.ts';

test('work is done one after the other, also behind one that failed, and so many wait and no more', async () => {
  const inTurn = createTurns({ what: 'searches', maxWaiting: 3, maxWaitMs: 60_000 });
  const { promise: gate, resolve: open } = Promise.withResolvers<undefined>();
  const begun: number[] = [];
  const work = (nth: number) => () => {
    begun.push(nth);
    return nth === 1 ? gate.then(() => Promise.reject(new Error('first'))) : Promise.resolve(nth);
  };
  const first = inTurn(work(1));
  const [second, third] = [inTurn(work(2)), inTurn(work(3))];
  await expect(inTurn(work(4))).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  expect(begun).toEqual([1]);
  open(undefined);
  await expect(first).rejects.toThrow('first');
  expect(await Promise.all([second, third])).toEqual([2, 3]);
  expect(await inTurn(work(5))).toBe(5);
  expect(begun).toEqual([1, 2, 3, 5]);
});

test('whose turn comes too late is refused without having begun', async () => {
  const maxWaitMs = 50;
  const inTurn = createTurns({ what: 'searches', maxWaiting: 3, maxWaitMs });
  let begun = 0;
  // Holds the turn, and everybody, for longer than the next may wait.
  const work = async () => {
    begun += 1;
    for (const untilMs = performance.now() + 2 * maxWaitMs; performance.now() < untilMs;) continue;
  };
  const results = await Promise.allSettled([inTurn(work), inTurn(work)]);
  expect(results).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'QUEUE_UNAVAILABLE' } }]);
  expect(begun).toBe(1);
});
