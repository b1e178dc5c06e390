import { LASTING_FAULTS } from './contract.ts';
import { isRecord } from './json.ts';
import { readAnswer } from './read-answer.ts';
import { parseRetryAfter } from './retry-delay.ts';
import { TapedeckError, type FieldError } from './tapedeck-error.ts';

/**
 * The error that an answer is: of a problem document (RFC 9457) its code, of anything else UNEXPECTED_ANSWER.
 * @throws what reading its body throws
 */
export async function readProblem(answer: Response): Promise<TapedeckError> {
  const { status, headers } = answer;
  const problem = parseProblem(await readAnswer(answer));
  const code = problem?.code ?? 'UNEXPECTED_ANSWER';
  const retryable = isPassing(status) && !LASTING_FAULTS.has(code);
  const retryAfterMs = parseRetryAfter(headers.get('retry-after'));
  const message = problem?.detail ?? describeStranger(answer);
  return new TapedeckError(code, message, { status, retryable, retryAfterMs, errors: problem?.errors });
}

/** Statuses of what may be over the next time, whoever answers: Tapedeck, or a proxy in front of it. */
function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** A browser shows nothing of a redirect that is not followed, not even its status. */
function describeStranger({ status, type, headers }: Response): string {
  const isRedirect = type === 'opaqueredirect' || (status >= 300 && status < 400);
  if (isRedirect) return 'expected an answer of Tapedeck, got a redirect: is baseUrl its own address?';
  const contentType = headers.get('content-type') ?? 'no content type';
  return `expected an answer of Tapedeck, got status ${status} with ${contentType}: is something else at baseUrl?`;
}

interface Problem {
  code: string;
  detail: string;
  errors: FieldError[] | undefined;
}

/** Whatever its content type is: proxies change those. */
function parseProblem(body: unknown): Problem | undefined {
  if (!isRecord(body) || typeof body['code'] !== 'string') return undefined;
  const { code, detail, title, errors } = body;
  const words = [detail, title, code].find((part) => typeof part === 'string');
  return { code, detail: words ?? code, errors: Array.isArray(errors) ? errors.filter(isFieldError) : undefined };
}

function isFieldError(value: unknown): value is FieldError {
  return isRecord(value) && typeof value['path'] === 'string' && typeof value['message'] === 'string';
}
