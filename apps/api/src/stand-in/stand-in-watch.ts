import { setTimeout as sleep } from 'node:timers/promises';
import { claimChore, loadFleet, type ChoreClaim, type Redis } from '@tapedeck/jobs';
import { createThrottledErrorLog, withDeadline, type Logger } from '@tapedeck/runtime';
import { CHECK_TIMEOUT_MS } from '../checks.ts';
import { createAbsence, type Sighting } from './absence.ts';

export interface StandInWatchOptions {
  redis: Redis;
  /** For so long no worker must have been seen. */
  afterMs: number;
  /** Keeps a worker running until the signal; resolves when it is gone. */
  run: (signal: AbortSignal) => Promise<void>;
  logger: Logger;
}

const LOOK_INTERVAL_MS = 2_000;
/** A replica that dies with its claim is followed by another after this. */
const CLAIM_MS = 15_000;
const RELEASE_TIMEOUT_MS = 2_000;

/** A stand-in of ours, until it is gone. */
interface StandIn {
  leaving: AbortController;
  left: Promise<void>;
}

/**
 * Looks for workers until the signal, and sees to it that a stand-in converts while there is none.
 *
 * - *Watching*, until no worker was seen for long enough and the claim is ours: of several replicas, one has it.
 * - *Standing in*, until a worker shows itself, or the claim has become another replica's. A worker that is paused is
 *   there, too: somebody wants nothing to be converted.
 * - *Leaving*: the stand-in takes no other job, ends the one that it runs or hands it back, and then we watch again.
 *
 * A Redis that does not answer changes nothing. Where two stand in all the same (a replica was cut off from Redis for
 * longer than its claim), they are two workers, and no job is worse for that.
 */
export async function keepStandIn(options: StandInWatchOptions, stopping: AbortSignal): Promise<void> {
  const { redis, afterMs, run, logger } = options;
  const logFailure = createThrottledErrorLog(logger, 'whether to stand in could not be decided');
  const absence = createAbsence(afterMs, performance.now());
  const claim = createClaim(redis);
  let standIn: StandIn | undefined;
  let isLeftToAnother = false;

  const begin = (): void => {
    logger.warn({ afterMs }, 'no worker is alive: this API converts by itself');
    const leaving = new AbortController();
    const left = run(AbortSignal.any([leaving.signal, stopping]))
      .then(claim.release)
      .finally(() => {
        standIn = undefined;
        logger.info('this API converts no longer');
      });
    standIn = { leaving, left };
  };
  const sendAway = (reason: string): void => {
    logger.info({ reason }, 'the stand-in is to end');
    standIn?.leaving.abort();
  };
  const look = async (): Promise<void> => {
    const sighting = await lookForWorkers(redis, logFailure);
    const isNobodyThere = absence.note(sighting, performance.now());
    if (sighting === undefined || standIn?.leaving.signal.aborted) return;
    if (!standIn) {
      const isOurs = isNobodyThere && (await claim.hold());
      if (isOurs) begin();
      else if (isNobodyThere && !isLeftToAnother) logger.info('no worker is alive: another API converts by itself');
      isLeftToAnother = isNobodyThere && !isOurs;
    } else if (sighting === 'some') {
      sendAway('a worker is there');
    } else if (!(await claim.hold())) {
      sendAway('another API stands in');
    }
  };

  while (!stopping.aborted) {
    await look().catch(logFailure);
    await sleep(LOOK_INTERVAL_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
  await standIn?.left;
}

async function lookForWorkers(redis: Redis, onFailure: (error: Error) => void): Promise<Sighting> {
  try {
    const { alive } = await withDeadline(loadFleet(redis), CHECK_TIMEOUT_MS, 'looking for workers');
    return alive.length > 0 ? 'some' : 'none';
  } catch (error) {
    onFailure(error instanceof Error ? error : new Error(String(error)));
    return undefined;
  }
}

/** That this replica stands in for the workers, and no other. */
function createClaim(redis: Redis) {
  let claim: ChoreClaim | undefined;
  return {
    /** One that has run out, or was lost with Redis' data, is taken again where nobody else has it. */
    async hold(): Promise<boolean> {
      if (!(await claim?.renew())) claim = await claimChore(redis, 'stand-in', CLAIM_MS);
      return claim !== undefined;
    },
    async release(): Promise<void> {
      const released = claim?.release() ?? Promise.resolve();
      claim = undefined;
      // Else it runs out by itself.
      await withDeadline(released, RELEASE_TIMEOUT_MS, 'releasing the claim').catch(() => undefined);
    },
  };
}
