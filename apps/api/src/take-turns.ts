import { JobError } from '@tapedeck/contracts';

export interface TurnLimits {
  /** What waits, in the plural. */
  what: string;
  maxWaiting: number;
  maxWaitMs: number;
}

/**
 * Lets work that holds up Redis for long be done one after the other, so that others get in between.
 * @throws JobError QUEUE_UNAVAILABLE where so many wait already, or its turn came too late
 */
export function createTurns({ what, maxWaiting, maxWaitMs }: TurnLimits): <T>(work: () => Promise<T>) => Promise<T> {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const refuse = (): never => {
      throw new JobError('QUEUE_UNAVAILABLE', `too many ${what} at once`);
    };
    if (waiting >= maxWaiting) refuse();
    waiting += 1;
    const deadlineMs = performance.now() + maxWaitMs;
    const turn = last.then(() => (performance.now() < deadlineMs ? work() : refuse())).finally(() => (waiting -= 1));
    last = turn.catch(() => undefined);
    return turn;
  };
}
