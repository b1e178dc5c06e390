import type { Problem } from '@tapedeck/contracts';

/** What the API has answered instead: its own words are for people. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.errors?.map(({ path, message }) => `${path}: ${message}`).join('; ') ?? problem.detail);
    this.problem = problem;
  }
}

/** No answer came: the API is away, or the way to it. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

const TIMEOUT_MS = 30_000;

/**
 * Asks the API below /admin. A session that is over leads to the login page, and back to where one was.
 * @param path from /admin on: `/api/jobs?limit=50`
 * @throws ProblemError, UnreachableError
 */
export async function ask<T>(path: string, init: RequestInit = {}, timeoutMs = TIMEOUT_MS): Promise<T> {
  const answer = await request(path, init, timeoutMs);
  return (await answer.json().catch((cause: unknown) => {
    throw cause instanceof SyntaxError ? cause : explain(cause, init.signal);
  })) as T;
}

/** `POST` with a JSON body, or none. */
export function post<T>(path: string, body?: unknown): Promise<T> {
  return ask<T>(path, buildPost(body));
}

export function buildPost(body?: unknown): RequestInit {
  if (body === undefined) return { method: 'POST' };
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** @param timeoutMs until the answer is read to its end; null where the signal of `init` sees to that */
export async function request(path: string, init: RequestInit, timeoutMs: number | null): Promise<Response> {
  const signals = [init.signal, timeoutMs === null ? null : AbortSignal.timeout(timeoutMs)].filter(
    (one) => one != null,
  );
  const signal = AbortSignal.any(signals);
  const answer = await fetch(`/admin${path}`, { ...init, signal }).catch((cause: unknown) => {
    throw explain(cause, init.signal);
  });
  if (answer.status === 401) leaveForLogin();
  if (!answer.ok) throw await readProblem(answer);
  return answer;
}

/** Whoever has called it off knows why; all else is that no answer came. */
function explain(cause: unknown, stop: AbortSignal | null | undefined): unknown {
  return stop?.aborted ? cause : new UnreachableError('The API does not answer.', { cause });
}

function leaveForLogin(): void {
  const { pathname, search } = window.location;
  window.location.assign(`/admin/login?to=${encodeURIComponent(pathname + search)}`);
}

/** What a proxy says for an API that is away is no problem of ours. */
async function readProblem(answer: Response): Promise<Error> {
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json');
  if (!isProblem) return new UnreachableError(`The API does not answer (HTTP ${answer.status}).`);
  return new ProblemError((await answer.json()) as Problem);
}
