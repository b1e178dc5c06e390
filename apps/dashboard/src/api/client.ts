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
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await request(path, init);
  return (await answer.json()) as T;
}

/** `POST` with a JSON body, or none. */
export function post<T>(path: string, body?: unknown): Promise<T> {
  return ask<T>(path, buildPost(body));
}

export function buildPost(body?: unknown): RequestInit {
  if (body === undefined) return { method: 'POST' };
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** @param init with a signal of one's own there is no other deadline */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const signal = init.signal ?? AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(`/admin${path}`, { ...init, signal }).catch((cause: unknown) => {
    if (init.signal?.aborted) throw cause;
    throw new UnreachableError('The API does not answer.', { cause });
  });
  if (answer.status === 401) leaveForLogin();
  if (!answer.ok) throw await readProblem(answer);
  return answer;
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
