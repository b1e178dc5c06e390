import { setTimeout as sleep } from 'node:timers/promises';
import type { ConvertRequest, Priority } from '@tapedeck/contracts';
import { Queue } from 'bullmq';
import { z } from 'zod';
import { QUEUE_PREFIX } from './keys.ts';
import type { Redis } from './redis.ts';

/** Two queues, so that a receiver that is down never costs an encode. Entries hold ids only; the record holds the rest. */
export const CONVERSIONS = 'conversions';
export const CALLBACKS = 'callbacks';
export const QUEUE_NAMES = [CONVERSIONS, CALLBACKS] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

/**
 * How often BullMQ may run an entry again. Not the number of attempts: the record counts those, and the consumer
 * decides. This only has to be larger than anything that the record allows.
 */
const NO_LIMIT = 1_000;

/** Every conversion has a priority, so that one sorted set holds all that wait, in order. Lower goes first. */
const PRIORITY_RANK: Record<Priority, number> = { high: 1, normal: 2, low: 3 };

export interface Queues {
  /** Adding what is there already changes nothing. Its name is for people. */
  addConversion(
    conversion: ConversionEntry,
    request: Pick<ConvertRequest, 'kind' | 'slug' | 'priority'>,
  ): Promise<void>;
  hasConversion(conversion: ConversionEntry): Promise<boolean>;
  /** What a worker has at the moment stays: it will find that its run is over. */
  removeConversion(conversion: ConversionEntry): Promise<void>;
  addCallback(callback: CallbackEntry, delayMs?: number): Promise<void>;
  /** Goes before the events that wait: somebody waits for it. */
  addTestCallback(test: TestCallbackEntry): Promise<void>;
  removeTestCallback(test: TestCallbackEntry): Promise<void>;
  /** An entry that waits changes its place; one that does not stays as it is. */
  changePriority(conversion: ConversionEntry, priority: Priority): Promise<void>;
  /** 1 is next; null when the entry is not waiting. */
  positionOf(conversion: ConversionEntry): Promise<number | null>;
  countEntries(): Promise<{ conversions: EntryCounts; callbacks: EntryCounts }>;
  /** The names of those from which no worker takes anything. */
  listPaused(): Promise<QueueName[]>;
  /** From now on no worker takes anything from it, until it is resumed; what runs goes on. */
  pause(name: QueueName): Promise<void>;
  resume(name: QueueName): Promise<void>;
  /** For Bull Board alone: whoever changes them goes past the records. */
  readonly bullQueues: readonly Queue[];
  close(): Promise<void>;
}

export interface EntryCounts {
  /** For a worker. */
  waiting: number;
  /** For their time: another attempt, another try. */
  delayed: number;
  active: number;
}

/**
 * What a queue entry says. Its id has the run in it, as a callback's has the round: an entry of a run that is over may
 * still be in a worker's hands when the next is added, and the queue would take one id for one entry.
 */
export const conversionEntrySchema = z.object({ jobId: z.string(), run: z.number().int() });
export type ConversionEntry = z.output<typeof conversionEntrySchema>;
export const callbackEntrySchema = z.object({ jobId: z.string(), eventId: z.string(), round: z.number().int() });
export type CallbackEntry = z.output<typeof callbackEntrySchema>;
/** The other kind of entry in the callbacks' queue: no job's, and sent once. */
export const testCallbackEntrySchema = z.object({ testId: z.string() });
export type TestCallbackEntry = z.output<typeof testCallbackEntrySchema>;
export const anyCallbackEntrySchema = z.union([callbackEntrySchema, testCallbackEntrySchema]);

const conversionId = ({ jobId, run }: ConversionEntry): string => `${jobId}.${run}`;
const callbackId = ({ eventId, round }: CallbackEntry): string => `${eventId}.${round}`;

/** @throws Error when Redis does not answer within `timeoutMs`: the supervisor shall try again. */
export async function openQueues(redis: Redis, timeoutMs: number): Promise<Queues> {
  const deadlineMs = Date.now() + timeoutMs;
  const conversions = await openQueue(redis, CONVERSIONS, deadlineMs);
  const callbacks = await openQueue(redis, CALLBACKS, deadlineMs);
  const byName: Record<QueueName, Queue> = { conversions, callbacks };
  return {
    bullQueues: [conversions, callbacks],
    async addConversion({ jobId, run }, { kind, slug, priority }) {
      await conversions.add(
        `${kind} ${slug}`,
        { jobId, run },
        {
          jobId: conversionId({ jobId, run }),
          priority: PRIORITY_RANK[priority],
          attempts: NO_LIMIT,
          backoff: { type: 'decided-by-consumer' },
          removeOnComplete: true,
          removeOnFail: true,
          // The log has them. Here whoever looks at the queue would see where our files lie.
          stackTraceLimit: 0,
        },
      );
    },
    async hasConversion(conversion) {
      return (await conversions.getJobState(conversionId(conversion))) !== 'unknown';
    },
    async removeConversion(conversion) {
      await conversions.remove(conversionId(conversion));
    },
    ...createCallbackSide(callbacks),
    async positionOf(conversion) {
      const entryId = conversionId(conversion);
      // Stalled and handed-back entries go to the wait list, which is served before the prioritized set.
      const [inWait, waiting, rank] = await Promise.all([
        redis.lpos(conversions.toKey('wait'), entryId, 'RANK', -1),
        redis.llen(conversions.toKey('wait')),
        redis.zrank(conversions.toKey('prioritized'), entryId),
      ]);
      if (inWait !== null) return waiting - inWait;
      return rank === null ? null : waiting + rank + 1;
    },
    changePriority: (conversion, priority) =>
      changeRank(conversions, conversionId(conversion), PRIORITY_RANK[priority]),
    async countEntries() {
      const [counted, callbackCounts] = await Promise.all([countEntries(conversions), countEntries(callbacks)]);
      return { conversions: counted, callbacks: callbackCounts };
    },
    async listPaused() {
      const arePaused = await Promise.all(QUEUE_NAMES.map((name) => byName[name].isPaused()));
      return QUEUE_NAMES.filter((_, index) => arePaused[index]);
    },
    pause: (name) => byName[name].pause(),
    resume: (name) => byName[name].resume(),
    async close() {
      await Promise.all([conversions.close(), callbacks.close()]);
    },
  };
}

type CallbackSide = Pick<Queues, 'addCallback' | 'addTestCallback' | 'removeTestCallback'>;

function createCallbackSide(callbacks: Queue): CallbackSide {
  return {
    async addCallback({ jobId, eventId, round }, delayMs = 0) {
      await callbacks.add(
        'deliver',
        { jobId, eventId, round },
        {
          jobId: callbackId({ jobId, eventId, round }),
          delay: delayMs,
          attempts: NO_LIMIT,
          backoff: { type: 'decided-by-deliverer' },
          removeOnComplete: true,
          removeOnFail: true,
          // The log has them. Here whoever looks at the queue would see where our files lie.
          stackTraceLimit: 0,
        },
      );
    },
    async addTestCallback({ testId }) {
      const once = { attempts: 1, removeOnComplete: true, removeOnFail: true, stackTraceLimit: 0 };
      await callbacks.add('test', { testId }, { jobId: testId, lifo: true, ...once });
    },
    async removeTestCallback({ testId }) {
      await callbacks.remove(testId);
    },
  };
}

async function changeRank(conversions: Queue, entryId: string, rank: number): Promise<void> {
  const entry = await conversions.getJob(entryId);
  await entry?.changePriority({ priority: rank }).catch(async (error: unknown) => {
    // One that is gone by now, because it was canceled, has no place to change.
    if ((await conversions.getJobState(entryId)) !== 'unknown') throw error;
  });
}

async function countEntries(queue: Queue): Promise<EntryCounts> {
  const {
    wait = 0,
    prioritized = 0,
    delayed = 0,
    active = 0,
  } = await queue.getJobCounts(...(['wait', 'prioritized', 'delayed', 'active'] as const));
  return { waiting: wait + prioritized, delayed, active };
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
