import { setTimeout as sleep } from 'node:timers/promises';
import { JobError, type TestCallbackAnswer } from '@tapedeck/contracts';
import { z } from 'zod';
import type { Backend } from './backend.ts';
import { createId } from './ids.ts';
import { json } from './json.ts';
import { keys } from './keys.ts';
import { CALLBACKS, type TestCallbackEntry } from './queues.ts';
import type { Redis } from './redis.ts';
import { listConverting } from './workers.ts';

const outcomeSchema = z.union([
  z.object({
    httpStatus: z.int().nullable(),
    durationMs: z.number(),
    isDelivered: z.boolean(),
    problem: z.string().nullable(),
  }) satisfies z.ZodType<TestCallbackAnswer>,
  z.object({ refusal: z.string() }),
]);
/** What came of a test, or why the URL was refused. */
export type TestCallbackOutcome = z.output<typeof outcomeSchema>;

/** How long a worker tries at most: an operator waits for it. */
export const TEST_CALLBACK_TIMEOUT_MS = 15_000;
const WAIT_MS = 20_000;
const ASK_AGAIN_MS = 100;
/** Whoever asked has gone by then. */
const TTL_MS = 30_000;

/**
 * Has a worker send a test event, once: it has the secrets, and the network that events leave from. The URL lies beside
 * the queue, whose entries hold ids only. Nothing of it stays in Redis, or not for longer than half a minute.
 * @throws JobError CALLBACK_URL_REFUSED; QUEUE_UNAVAILABLE where no worker has taken it in time
 */
export async function testCallback({ redis, queues }: Backend, callbackUrl: string): Promise<TestCallbackAnswer> {
  if ((await queues.listPaused()).includes(CALLBACKS)) throw unavailable('the queue of callbacks is paused');
  if ((await listConverting(redis)).length === 0) throw unavailable('no worker is alive that could send it');
  const entry = { testId: createId('test') };
  await redis.set(keys.testCallback(entry.testId), callbackUrl, 'PX', TTL_MS);
  try {
    await queues.addTestCallback(entry);
    const outcome = await waitForOutcome(redis, entry);
    if (!outcome) throw unavailable(`no worker has sent it within ${WAIT_MS / 1000} s`);
    if ('refusal' in outcome) throw new JobError('CALLBACK_URL_REFUSED', outcome.refusal);
    return outcome;
  } finally {
    // What cannot be removed now goes by its time to live, or is taken by a worker that finds nothing to do.
    await Promise.allSettled([
      redis.del(keys.testCallback(entry.testId), keys.testCallbackOutcome(entry.testId)),
      queues.removeTestCallback(entry),
    ]);
  }
}

function unavailable(detail: string): JobError {
  return new JobError('QUEUE_UNAVAILABLE', detail);
}

async function waitForOutcome(redis: Redis, { testId }: TestCallbackEntry): Promise<TestCallbackOutcome | undefined> {
  const deadline = performance.now() + WAIT_MS;
  while (performance.now() < deadline) {
    const outcome = await redis.get(keys.testCallbackOutcome(testId));
    if (outcome !== null) return json.pipe(outcomeSchema).parse(outcome);
    await sleep(ASK_AGAIN_MS);
  }
  return undefined;
}

/** @returns where to send it, to the first who asks; undefined when it is too late, or another has it */
export async function takeTestCallback(redis: Redis, { testId }: TestCallbackEntry): Promise<string | undefined> {
  return (await redis.getdel(keys.testCallback(testId))) ?? undefined;
}

export async function saveTestOutcome(
  redis: Redis,
  { testId }: TestCallbackEntry,
  outcome: TestCallbackOutcome,
): Promise<void> {
  await redis.set(keys.testCallbackOutcome(testId), JSON.stringify(outcome), 'PX', TTL_MS);
}
