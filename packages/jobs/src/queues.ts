import { setTimeout as sleep } from 'node:timers/promises';
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

/** @throws Error when Redis does not answer within `timeoutMs`: the supervisor shall try again. */
export async function openQueues(redis: Redis, timeoutMs: number): Promise<Queues> {
  const deadlineMs = Date.now() + timeoutMs;
  const conversions = await openQueue(redis, CONVERSIONS, deadlineMs);
  const callbacks = await openQueue(redis, CALLBACKS, deadlineMs);
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

const RETRY_MS = 100;

/**
 * BullMQ asks a new queue's Redis for its version once, and gives the queue up for good if that fails: every command
 * would fail with the same old error, for ever. So a queue is only used once it has its answer.
 */
async function openQueue(redis: Redis, name: string, deadlineMs: number): Promise<Queue> {
  // A request must not wait for a Redis that is away: it fails, and the caller hears 503.
  const queue = new Queue(name, { connection: redis, prefix: QUEUE_PREFIX, skipWaitingForReady: true });
  // Errors reach the connection's own listener; BullMQ throws on an 'error' event that nobody hears.
  queue.on('error', () => undefined);
  try {
    await queue.waitUntilReady();
    return queue;
  } catch (cause) {
    await queue.close();
    if (Date.now() > deadlineMs) throw new Error('REDIS_URL: it took a connection, but no command', { cause });
    await sleep(RETRY_MS);
    return openQueue(redis, name, deadlineMs);
  }
}
