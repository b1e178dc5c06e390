import { pause, startDeadline } from './deadline.ts';
import { isRecord } from './json.ts';
import { buildRequestText } from './parse-arguments.ts';
import { readAnswer } from './read-answer.ts';
import { readProblem } from './read-problem.ts';
import { chooseRetryDelay } from './retry-delay.ts';
import { TapedeckError } from './tapedeck-error.ts';

/** Where the API is, and how it is asked. */
export interface Connection {
  /** Without a slash at its end. */
  baseUrl: string;
  token: string;
  fetch: typeof fetch;
  /** Of each try, to the last byte of the answer. */
  timeoutMs: number;
  maxTries: number;
}

export interface Call {
  method: 'GET' | 'POST';
  /** From the slash on, with its query. */
  path: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Which of the failures that pass may be tried again. All of them, where nothing is said. */
  mayRepeat?: (error: TapedeckError) => boolean;
}

/**
 * The JSON of the API's answer, after as many tries as it takes and `maxTries` allows.
 * @throws TapedeckError of the last try; the reason of the call's signal
 */
export async function call<T>(
  connection: Connection,
  request: Call,
  isExpected: (body: unknown) => body is T,
): Promise<T> {
  const { signal, mayRepeat = () => true } = request;
  for (let triesMade = 1; ; triesMade += 1) {
    try {
      return await tryOnce(connection, request, isExpected);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof TapedeckError) || !error.retryable || !mayRepeat(error)) throw error;
      const delayMs = triesMade < connection.maxTries ? chooseRetryDelay(error, triesMade) : undefined;
      if (delayMs === undefined) throw error;
      await pause(delayMs, signal);
    }
  }
}

async function tryOnce<T>(connection: Connection, request: Call, isExpected: (body: unknown) => body is T): Promise<T> {
  const deadline = startDeadline(connection.timeoutMs, `an answer from ${connection.baseUrl}`, request.signal);
  try {
    const answer = await openAnswer(connection, request, deadline.signal);
    const body = await orUnreachable(connection, readAnswer(answer), deadline.signal);
    if (isExpected(body)) return body;
    const expected = `expected the JSON of Tapedeck from ${request.method} ${request.path}`;
    throw new TapedeckError('UNEXPECTED_ANSWER', `${expected}, got something else`, { status: answer.status });
  } finally {
    deadline.end();
  }
}

/**
 * An answer of 2xx whose body is still to be read.
 * @throws TapedeckError for any other, and where there is none; the reason of the signal
 */
export async function openAnswer(connection: Connection, request: Call, signal: AbortSignal): Promise<Response> {
  const { method, path, headers, body } = request;
  const text = body === undefined ? undefined : buildRequestText(body);
  const asked = connection.fetch(connection.baseUrl + path, {
    method,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${connection.token}`,
      ...(text !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(text !== undefined && { body: text }),
    // Followed, a POST would become a GET, and the token would go where nobody named.
    redirect: 'manual',
    signal,
  });
  const answer = await orUnreachable(connection, asked, signal);
  if (answer.ok) return answer;
  throw await orUnreachable(connection, readProblem(answer), signal);
}

/** What fetch rejects with says nothing but that there was no answer; why is in its cause, where a runtime tells. */
async function orUnreachable<T>({ baseUrl }: Connection, answer: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    // Not every fetch rejects with the reason.
    signal.throwIfAborted();
    const message = `expected an answer from ${baseUrl}, got ${describeCause(cause)}`;
    throw new TapedeckError('UNREACHABLE', message, { retryable: true, cause });
  }
}

function describeCause(error: unknown): string {
  const { message, cause } = isRecord(error) ? error : {};
  const code = isRecord(cause) ? cause['code'] : undefined;
  if (typeof code === 'string') return code;
  return typeof message === 'string' ? message : 'none';
}
