import { setTimeout as sleep } from 'node:timers/promises';
import { claimChore, compareWithJournal, isCompared, sweepUnqueued, type Backend } from '@tapedeck/jobs';
import { createThrottledErrorLog, type Logger } from '@tapedeck/runtime';

/** How often a worker looks whether Redis has lost data. */
export const COMPARE_INTERVAL_MS = 2_000;
/** A worker that dies with the comparison is waited for this long; one that lives renews its claim. */
const CLAIM_MS = 15_000;

export interface Comparer {
  /** Compares Redis with the journal if that is needed, and no other worker is at it. */
  compareIfNeeded(): Promise<void>;
  /**
   * Redis may have come back with old data, in which jobs live that have ended. So nothing is begun, and nothing is
   * told, before it was compared.
   * @throws AbortError when the worker stops meanwhile
   */
  untilCompared(): Promise<void>;
}

export function createComparer(backend: Backend, logger: Logger, signal: AbortSignal): Comparer {
  const logFailure = createThrottledErrorLog(logger, 'Redis could not be compared with the journal');
  const compareNow = async (): Promise<void> => {
    const found = await compareWithJournal(backend, signal);
    const isNews = found && found.accepted + found.settled > 0;
    if (found) logger[isNews ? 'warn' : 'info'](found, 'Redis was compared with the journal');
    if (isNews) await sweepUnqueued(backend, 0);
  };
  const compare = async (): Promise<void> => {
    const claim = await claimChore(backend.redis, 'comparison', CLAIM_MS);
    if (!claim) return;
    await claim.keepWhile(compareNow).catch(logFailure);
    await claim.release();
  };
  const compareIfNeeded = async (): Promise<void> => {
    if (!(await isCompared(backend))) await compare();
  };
  return {
    compareIfNeeded,
    async untilCompared() {
      while (!(await isCompared(backend))) {
        await compare();
        if (!(await isCompared(backend))) await sleep(COMPARE_INTERVAL_MS, undefined, { signal });
      }
    },
  };
}
