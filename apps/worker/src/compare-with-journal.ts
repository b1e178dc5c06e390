import { claimRound, endRound, isCompared, recoverFromJournal, type Backend } from '@tapedeck/jobs';
import type { Logger } from '@tapedeck/runtime';
import { RetryLaterError } from './queue-worker.ts';

/** How often a worker looks, and how long an entry waits that must not be begun before. */
export const COMPARE_INTERVAL_MS = 2_000;
/** When one worker has been at it for so long, it may be dead, and another begins, too. */
const PATIENCE_MS = 20_000;
const ROUND = 'comparison';

export interface Comparison {
  /** Compares, if that is needed and no other worker is at it. */
  compareIfNeeded(): Promise<void>;
  /**
   * Redis may have come back with old data, in which jobs live that have ended. So nothing is begun, and nothing is
   * told, before it was compared with the journal.
   * @throws RetryLaterError when it is not compared yet: somebody is at it, or the journal cannot be read
   */
  assertCompared(): Promise<void>;
}

export function createComparison(backend: Backend, logger: Logger, signal: AbortSignal): Comparison {
  const compare = async (): Promise<void> => {
    try {
      const recovery = await recoverFromJournal(backend, signal);
      const isNews = recovery && recovery.accepted + recovery.settled > 0;
      if (recovery) logger[isNews ? 'warn' : 'info'](recovery, 'Redis was compared with the journal');
    } finally {
      await endRound(backend.redis, ROUND);
    }
  };
  const compareIfNeeded = async (): Promise<void> => {
    if (await isCompared(backend)) return;
    if (await claimRound(backend.redis, ROUND, PATIENCE_MS)) await compare();
  };
  return {
    compareIfNeeded,
    async assertCompared() {
      await compareIfNeeded().catch((error: unknown) =>
        logger.warn({ err: error }, 'Redis could not be compared with the journal'),
      );
      if (await isCompared(backend)) return;
      throw new RetryLaterError(COMPARE_INTERVAL_MS, 'Redis has not been compared with the journal yet');
    },
  };
}
