import type { Priority } from '@tapedeck/contracts';
import { Queue } from 'bullmq';
import { QUEUE_PREFIX } from './keys.ts';
import type { Redis } from './redis.ts';

/** Two queues, so that a receiver that is down never costs an encode. Entries hold ids only; the record holds the rest. */
export const CONVERSIONS = 'conversions';
export const CALLBACKS = 'callbacks';

/**
 * How often BullMQ may run an entry again. Not the number of attempts: the record counts those, and the consumer
 * decides. This only has to be larger than anything that the record allows.
 */
const NO_LIMIT = 1_000;

/** Every conversion has a priority, so that one sorted set holds all that wait, in order. Lower goes first. */
const PRIORITY_RANK: Record<Priority, number> = { high: 1, normal: 2, low: 3 };

export interface Queues {
  addConversion(jobId: string, kind: string, priority: Priority): Promise<void>;
  addCallback(eventId: string, jobId: string, delayMs?: number): Promise<void>;
  /** 1 is next; null when the entry is not waiting. */
  positionOf(jobId: string): Promise<number | null>;
  close(): Promise<void>;
}

export function createQueues(redis: Redis): Queues {
  // A request must not wait for a Redis that is away: it fails, and the caller hears 503.
  const options = { connection: redis, prefix: QUEUE_PREFIX, skipWaitingForReady: true };
  const conversions = new Queue(CONVERSIONS, options);
  const callbacks = new Queue(CALLBACKS, options);
  // Errors reach the connection's own listener; BullMQ throws on an 'error' event that nobody hears.
  for (const queue of [conversions, callbacks]) queue.on('error', () => undefined);
  return {
    async addConversion(jobId, kind, priority) {
      await conversions.add(
        kind,
        {},
        {
          jobId,
          priority: PRIORITY_RANK[priority],
          attempts: NO_LIMIT,
          backoff: { type: 'decided-by-consumer' },
          removeOnComplete: true,
          removeOnFail: true,
        },
      );
    },
    async addCallback(eventId, jobId, delayMs = 0) {
      await callbacks.add(
        'deliver',
        { jobId },
        {
          jobId: eventId,
          delay: delayMs,
          attempts: NO_LIMIT,
          backoff: { type: 'decided-by-deliverer' },
          removeOnComplete: true,
          removeOnFail: true,
        },
      );
    },
    async positionOf(jobId) {
      // Stalled and handed-back entries go to the wait list, which is served before the prioritized set.
      const [inWait, waiting, rank] = await Promise.all([
        redis.lpos(conversions.toKey('wait'), jobId, 'RANK', -1),
        redis.llen(conversions.toKey('wait')),
        redis.zrank(conversions.toKey('prioritized'), jobId),
      ]);
      if (inWait !== null) return waiting - inWait;
      return rank === null ? null : waiting + rank + 1;
    },
    async close() {
      await Promise.all([conversions.close(), callbacks.close()]);
    },
  };
}
