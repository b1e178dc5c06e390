import { isJob } from './answers.ts';
import { openAnswer, type Connection } from './connection.ts';
import type { Job } from './contract.ts';
import { startDeadline, type Deadline } from './deadline.ts';
import { createEventParser } from './event-stream.ts';
import { parseJson } from './json.ts';
import { TapedeckError } from './tapedeck-error.ts';

/** The API says that it is still there every 15 seconds. */
const SILENCE_MS = 45_000;

/**
 * The job as its event stream tells it: now, then at every change, until the stream ends. The first event comes within
 * the time of any answer; something that comes to nothing for 45 s after it is a connection that is dead.
 * Who stops reading closes the connection.
 * @throws TapedeckError; the reason of the signal
 */
export async function* streamJob(
  connection: Connection,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Job, undefined, undefined> {
  const deadline = startDeadline(connection.timeoutMs, 'an event of the job', signal);
  const request = { method: 'GET' as const, path: `${path}/events`, headers: { accept: 'text/event-stream' } };
  try {
    const answer = await openAnswer(connection, request, deadline.signal);
    yield* readJobs(answer, deadline);
    return undefined;
  } finally {
    deadline.end();
  }
}

async function* readJobs({ status, headers, body }: Response, deadline: Deadline): AsyncGenerator<Job> {
  if (!body || !headers.get('content-type')?.startsWith('text/event-stream')) {
    throw new TapedeckError('UNEXPECTED_ANSWER', 'expected a stream of events, got something else', { status });
  }
  // Neither TextDecoderStream nor iterating over a stream is there in every runtime.
  const stream: ReadableStream<Uint8Array> = body;
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  const parseEvents = createEventParser();
  for (let isAlive = false; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    const jobs = parseEvents(decoder.decode(value, { stream: true }))
      .map(parseJson)
      .filter(isJob);
    yield* jobs;
    isAlive ||= jobs.length > 0;
    if (isAlive) deadline.extend(SILENCE_MS);
  }
}
