import { askStanding, isHolder, reportProgress, type Attempt, type AttemptNews, type Redis } from '@tapedeck/jobs';
import type { Logger } from '@tapedeck/runtime';

/** Another attempt holds the job: nothing of this one may become public any more. */
export class AttemptLostError extends Error {}
/** Somebody wants the job to stop. */
export class CanceledError extends Error {}

/** @throws AttemptLostError, CanceledError; then the attempt is stopped, too */
export async function writeAsHolder(
  redis: Redis,
  attempt: Attempt,
  stop: AbortController,
  news: AttemptNews,
): Promise<void> {
  const answer = await reportProgress(redis, attempt, news);
  if (answer === 'written') return;
  stop.abort(toStopReason(answer));
  throw stop.signal.reason;
}

function toStopReason(standing: 'lost' | 'canceled'): AttemptLostError | CanceledError {
  if (standing === 'canceled') return new CanceledError('somebody canceled it');
  return new AttemptLostError('another attempt holds the job');
}

const STANDING_INTERVAL_MS = 5_000;

/** For an attempt that has no news: whether it was taken from it, or is to stop, and the message of that was lost. */
export function watchStanding(redis: Redis, attempt: Attempt, stop: AbortController, logger: Logger): NodeJS.Timeout {
  const ask = async (): Promise<void> => {
    const standing = await askStanding(redis, attempt);
    if (standing !== 'held') stop.abort(toStopReason(standing));
  };
  return setInterval(() => {
    ask().catch((error: unknown) => logger.warn({ err: error }, 'the standing of the attempt is not known'));
  }, STANDING_INTERVAL_MS);
}

/** @throws AttemptLostError */
export async function assertHolder(redis: Redis, attempt: Attempt): Promise<void> {
  if (!(await isHolder(redis, attempt))) throw new AttemptLostError('another attempt holds the job');
}
