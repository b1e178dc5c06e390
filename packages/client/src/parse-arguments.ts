import { MAX_TIMER_MS } from './deadline.ts';
import { TapedeckError } from './tapedeck-error.ts';

function refuse(name: string, expected: string, got: unknown, cause?: unknown): never {
  throw new TapedeckError('ARGUMENT_INVALID', `${name}: expected ${expected}, got ${String(got)}`, { cause });
}

/** The address of the API without a slash at its end. @throws TapedeckError ARGUMENT_INVALID */
export function parseBaseUrl(text: string): string {
  const url = parseUrl(text);
  const expected = 'an absolute http: or https: URL without password, query or fragment';
  // Of what came only what is safe to show: the rest may be a password.
  if (!url) return refuse('baseUrl', expected, 'none');
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!/^https?:$/.test(url.protocol) || !isPlain) return refuse('baseUrl', expected, `one of ${url.host}`);
  return url.href.replace(/\/+$/, '');
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** Shown in no error: neither ours nor that of the runtime, which quotes a header that it refuses. */
export function parseToken(token: unknown): string {
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
  return refuse('token', 'visible ASCII characters', token ? 'others' : 'nothing');
}

export function parseMs<T extends number | undefined>(name: string, valueMs: T): T {
  if (valueMs === undefined || (valueMs > 0 && valueMs <= MAX_TIMER_MS)) return valueMs;
  return refuse(name, `milliseconds from 1 to ${MAX_TIMER_MS}`, valueMs);
}

export function parseMaxTries(count: number): number {
  return Number.isInteger(count) && count >= 1 ? count : refuse('maxTries', 'a whole number from 1', count);
}

/** The path of a job. An id that is none of ours must not lead to another route. */
export function parseJobPath(jobId: unknown): string {
  if (typeof jobId === 'string' && /^\w[\w-]*$/.test(jobId)) return `/api/jobs/${jobId}`;
  return refuse('jobId', 'letters, digits, _ and -', typeof jobId === 'string' ? JSON.stringify(jobId) : typeof jobId);
}

export function parseIdempotencyKey(key: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(key)) return key;
  return refuse('idempotencyKey', '1 to 255 visible ASCII characters', `${key.length} characters`);
}

/** A parameter of a query. */
export function parseParameter(name: string, value: unknown): string {
  if (!(value instanceof Date)) return String(value);
  return Number.isNaN(value.getTime()) ? refuse(name, 'a date', 'one that is no time') : value.toISOString();
}

/** What is not to be said in JSON, a bigint or what holds itself, is the caller's mistake, and not an outage. */
export function buildRequestText(body: unknown): string {
  try {
    return JSON.stringify(body);
  } catch (cause) {
    return refuse('the request', 'what JSON can say', 'something else', cause);
  }
}
