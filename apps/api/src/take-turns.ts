import { JobError } from '@tapedeck/contracts';

/**
 * Lets work that holds up Redis for long be done one after the other, so that others get in between.
 * @throws JobError QUEUE_UNAVAILABLE where so many wait already
 */
export function createTurns(maxWaiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    if (waiting >= maxWaiting) throw new JobError('QUEUE_UNAVAILABLE', 'too many are searching already');
    waiting += 1;
    const turn = last.then(work).finally(() => (waiting -= 1));
    last = turn.catch(() => undefined);
    return turn;
  };
}
