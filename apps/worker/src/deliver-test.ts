import { buildTestCallbackBody, ERROR_TABLE, JobError } from '@tapedeck/contracts';
import {
  saveTestOutcome,
  takeTestCallback,
  TEST_CALLBACK_TIMEOUT_MS,
  type Redis,
  type TestCallbackEntry,
  type TestCallbackOutcome,
} from '@tapedeck/jobs';
import type { Logger } from '@tapedeck/runtime';
import { sendCallback, type CallbackSender } from '@tapedeck/transfer';

export interface TestDelivererOptions {
  redis: Redis;
  sender: CallbackSender;
  logger: Logger;
}

/** Sends a test event as a real one is sent, but once, and tells whoever waits for it what came of it. */
export async function deliverTest(
  { redis, sender, logger }: TestDelivererOptions,
  entry: TestCallbackEntry,
  signal: AbortSignal,
): Promise<void> {
  const callbackUrl = await takeTestCallback(redis, entry);
  if (callbackUrl === undefined) return;
  const timeoutMs = Math.min(sender.timeoutMs, TEST_CALLBACK_TIMEOUT_MS);
  const outcome = await send({ ...sender, timeoutMs }, callbackUrl, entry, signal);
  await saveTestOutcome(redis, entry, outcome);
  logger.info({ eventId: entry.testId, ...outcome }, 'test callback tried');
}

async function send(
  sender: CallbackSender,
  callbackUrl: string,
  { testId }: TestCallbackEntry,
  signal: AbortSignal,
): Promise<TestCallbackOutcome> {
  const startedAt = performance.now();
  try {
    const message = { callbackUrl, eventId: testId, body: buildTestCallbackBody(testId) };
    const { httpStatus, failure } = await sendCallback(sender, message, signal);
    return {
      httpStatus: httpStatus ?? null,
      durationMs: Math.round(performance.now() - startedAt),
      isDelivered: httpStatus !== undefined && httpStatus >= 200 && httpStatus < 300,
      problem: httpStatus === undefined ? describe(failure, sender.timeoutMs) : null,
    };
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    // Whoever throws it anew puts the summary before it again.
    return { refusal: error.message.replace(`${ERROR_TABLE[error.code].summary}: `, '') };
  }
}

function describe(failure: string | undefined, timeoutMs: number): string {
  if (failure === 'timeout') return `The receiver has not answered within ${timeoutMs / 1000} s.`;
  return `The receiver cannot be reached: ${failure ?? 'nobody says why'}.`;
}
