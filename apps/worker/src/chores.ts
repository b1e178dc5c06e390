import { setTimeout as sleep } from 'node:timers/promises';
import { claimChore, type ChoreClaim, type Redis } from '@tapedeck/jobs';
import type { Logger } from '@tapedeck/runtime';

/** What is to be done now and then. One that fails is done again the next time. */
export interface Chore {
  what: string;
  intervalMs: number;
  work: () => Promise<unknown>;
}

export interface Chores {
  /** Each worker does these for itself. */
  ownChores: readonly Chore[];
  /** One worker does these for all, whoever claims them first: once in the interval, and one at a time. */
  sharedChores: readonly Chore[];
}

/** Until the signal; what is at work then is waited for. */
export async function doChores(
  redis: Redis,
  { ownChores, sharedChores }: Chores,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const claims = new Map<string, ChoreClaim>();
  const chores = [...ownChores, ...sharedChores.map((chore) => forAll(redis, chore, claims))];
  await Promise.all(chores.map((chore) => repeat(chore, logger, signal)));
  // The next worker need not wait for them to run out.
  await Promise.allSettled([...claims.values()].map((claim) => claim.release()));
}

/** Timers of processes do not agree to the millisecond: a claim runs out by itself right before the next time. */
const EARLY = 0.9;

function forAll(redis: Redis, { what, intervalMs, work }: Chore, claims: Map<string, ChoreClaim>): Chore {
  return {
    ...{ what, intervalMs },
    async work() {
      const claim = await claimChore(redis, what, intervalMs * EARLY);
      if (!claim) return;
      claims.set(what, claim);
      await claim.keepWhile(work);
    },
  };
}

async function repeat({ what, intervalMs, work }: Chore, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await work().catch((error: unknown) => logger.warn({ err: error, chore: what }, 'a chore failed'));
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
