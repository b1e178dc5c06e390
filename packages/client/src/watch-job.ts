import { isJob } from './answers.ts';
import { call, type Connection } from './connection.ts';
import type { Job } from './contract.ts';
import { MAX_TIMER_MS, pause, startDeadline } from './deadline.ts';
import { parseJobPath, parseMs } from './parse-arguments.ts';
import { streamJob } from './stream-job.ts';
import { TapedeckError } from './tapedeck-error.ts';

export interface WaitOptions {
  /** Ends the waiting: its reason is thrown. */
  signal?: AbortSignal | undefined;
  /** How long the job may take from now on, in milliseconds. Without one only the signal ends the waiting. */
  timeoutMs?: number | undefined;
  /** How often to ask where events do not come through, in milliseconds; ± 20 %. 2000 when nothing is said. */
  pollMs?: number | undefined;
}

const POLL_MS = 2_000;
/** An API that is being replaced is back long before. */
const MAX_OUTAGE_MS = 120_000;

/**
 * The job now and at every change, until it has ended: the last one says how. Who leaves the loop closes the connection.
 * @throws TapedeckError, when the first is asked for: ARGUMENT_INVALID; NOT_FOUND, also for a job that is deleted
 *   meanwhile; TIMEOUT; of what passes, only what lasts for two minutes, and at once what says that it will
 *   (Retry-After). The reason of the signal.
 */
export async function* watchJob(
  connection: Connection,
  jobId: string,
  { signal, timeoutMs, pollMs = POLL_MS }: WaitOptions,
): AsyncGenerator<Job, undefined, undefined> {
  const path = parseJobPath(jobId);
  parseMs('pollMs', pollMs);
  const ending = startDeadline(parseMs('timeoutMs', timeoutMs), 'the end of the job', signal);
  try {
    let last = '';
    for await (const job of readJob(connection, path, pollMs, ending.signal)) {
      const text = JSON.stringify(job);
      if (text !== last) yield job;
      last = text;
      if (job.finishedAt !== null) return undefined;
    }
    return undefined;
  } finally {
    ending.end();
  }
}

/**
 * Listens; when the stream breaks off it asks, and listens again. A stream that brought nothing is kept back by something
 * on the way, and would cost as long every time: then it only asks.
 */
async function* readJob(
  connection: Connection,
  path: string,
  pollMs: number,
  signal: AbortSignal,
): AsyncGenerator<Job, never, undefined> {
  let listens = true;
  for (;;) {
    if (listens) listens = yield* listen(connection, path, signal);
    yield await ask(connection, path, pollMs, signal);
    await pause(withJitter(pollMs), signal);
  }
}

/** @returns whether anything came. What broke the stream is not thrown: if it matters, asking fails for the same reason. */
async function* listen(
  connection: Connection,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Job, boolean, undefined> {
  let came = false;
  try {
    for await (const job of streamJob(connection, path, signal)) {
      came = true;
      yield job;
    }
  } catch {
    signal.throwIfAborted();
  }
  return came;
}

async function ask(connection: Connection, path: string, pollMs: number, signal: AbortSignal): Promise<Job> {
  const giveUpAtMs = Date.now() + MAX_OUTAGE_MS;
  for (;;) {
    try {
      return await call(connection, { method: 'GET', path, signal }, isJob);
    } catch (error) {
      if (!(error instanceof TapedeckError) || !error.retryable) throw error;
      const { retryAfterMs = 0 } = error;
      if (Date.now() + retryAfterMs > giveUpAtMs) throw error;
      await pause(Math.max(retryAfterMs, withJitter(pollMs)), signal);
    }
  }
}

function withJitter(delayMs: number): number {
  return Math.min(delayMs * (0.8 + 0.4 * Math.random()), MAX_TIMER_MS);
}
