import { claimRound, isCompared, recoverFromJournal, type Backend } from '@tapedeck/jobs';
import type { Logger } from '@tapedeck/runtime';
import { RetryLaterError } from './queue-worker.ts';

/** How often somebody looks, and how long others wait who must not begin before. */
export const COMPARE_INTERVAL_MS = 2_000;

/**
 * Redis may have come back with old data, in which jobs live that have ended. So nothing is begun, and nothing is told,
 * before it was compared with the journal: by this worker, or by another that is at it.
 * @throws RetryLaterError when it is not compared yet, whether somebody is at it or the journal cannot be read
 */
export async function assertCompared(
  options: { backend: Backend; logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  const { backend } = options;
  if (await isCompared(backend)) return;
  if (await claimRound(backend.redis, 'recovery', COMPARE_INTERVAL_MS)) await compareWithJournal(options, signal);
  if (!(await isCompared(backend))) throw new RetryLaterError(COMPARE_INTERVAL_MS, 'Redis is not compared yet');
}

/** Brings back what Redis has lost, if it has lost anything. */
export async function compareWithJournal(
  { backend, logger }: { backend: Backend; logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  try {
    const recovery = await recoverFromJournal(backend, signal);
    if (!recovery) return;
    const isNews = recovery.accepted + recovery.settled > 0;
    logger[isNews ? 'warn' : 'info'](recovery, 'Redis was compared with the journal');
  } catch (error) {
    logger.warn({ err: error }, 'Redis could not be compared with the journal');
  }
}
