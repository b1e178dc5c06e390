import { createWriteStream } from 'node:fs';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from '@tapedeck/contracts';
import { errors, request, type Dispatcher } from 'undici';
import { toNetworkError } from './network-error.ts';
import { assertUrlAllowed, type UrlPolicy } from './url-policy.ts';

export interface DownloadOptions {
  agent: Dispatcher;
  policy: UrlPolicy;
  maxBytes: number;
  signal: AbortSignal;
  /** `totalBytes` is undefined where the source does not say. */
  onProgress?: (receivedBytes: number, totalBytes: number | undefined) => void;
  limits?: Partial<DownloadLimits>;
  /** The page on which a player would ask: sent as Origin. */
  origin?: string;
  /** Told of each answer that is no redirect, whatever comes of it. */
  onAnswer?: (answer: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>) => void;
}

export interface DownloadLimits {
  /** How long 403 and 404 are asked again: callers make the object public just before they post. */
  notYetMs: number;
  /** Connection failures and 5xx in a row, without a byte in between, before the attempt fails. */
  maxFailures: number;
  /** Requests in all, however much each of them brought: a source that breaks after every byte is no source. */
  maxRequests: number;
  retryDelayMs: number;
  /** Less than this in a window of `slowWindowMs` is a source that drips. */
  slowBytes: number;
  slowWindowMs: number;
}

const LIMITS: DownloadLimits = {
  notYetMs: 10_000,
  maxFailures: 4,
  maxRequests: 100,
  retryDelayMs: 500,
  slowBytes: 32 * 1024,
  slowWindowMs: 30_000,
};
const MAX_REDIRECTS = 3;
const CODES = { refused: 'SOURCE_URL_REFUSED', timedOut: 'SOURCE_TIMEOUT', failed: 'SOURCE_UNAVAILABLE' } as const;

/** What we know of the source, from its first answer on. It must stay the same object until we have it all. */
interface Progress {
  receivedBytes: number;
  totalBytes: number | undefined;
  /** A strong ETag or a date: what makes a Range safe to continue (RFC 9110, 13.1.5). */
  validator: string | undefined;
}

/**
 * Streams a URL into a file. When it returns, the file has exactly the bytes that the source announced.
 * A broken transfer continues with a Range where the source can, and starts over where it cannot.
 * @throws JobError SOURCE_…; SOURCE_URL_REFUSED also when a redirect or a name leads to a refused place.
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<{ sizeBytes: number }> {
  const limits = { ...LIMITS, ...options.limits };
  const startedAt = performance.now();
  const progress: Progress = { receivedBytes: 0, totalBytes: undefined, validator: undefined };
  let failures = 0;
  for (let requests = 1; ; requests += 1) {
    const before = progress.receivedBytes;
    try {
      await receive(url, path, progress, limits, options);
      return finish(progress);
    } catch (error) {
      options.signal.throwIfAborted();
      const failure = toNetworkError(error, CODES);
      const isNotYet = failure.code === 'SOURCE_NOT_FOUND' || failure.code === 'SOURCE_FORBIDDEN';
      if (isNotYet && performance.now() - startedAt >= limits.notYetMs) throw failure;
      failures = progress.receivedBytes > before || isNotYet ? 0 : failures + 1;
      if (requests >= limits.maxRequests) throw failure;
      if (!isNotYet && (!isTransient(failure) || failures >= limits.maxFailures)) throw failure;
      await sleep(limits.retryDelayMs, undefined, { signal: options.signal });
    }
  }
}

function finish({ receivedBytes, totalBytes }: Progress): { sizeBytes: number } {
  if (receivedBytes === 0) throw new JobError('SOURCE_EMPTY');
  if (totalBytes !== undefined && receivedBytes !== totalBytes) throw truncated({ receivedBytes, totalBytes });
  return { sizeBytes: receivedBytes };
}

function truncated({ receivedBytes, totalBytes }: Omit<Progress, 'validator'>, cause?: Error): JobError {
  const expected = totalBytes === undefined ? 'an end' : `${totalBytes} bytes`;
  return new JobError('SOURCE_TRUNCATED', `expected ${expected}, got ${receivedBytes} bytes`, { cause });
}

const TRANSIENT: readonly JobError['code'][] = [
  'SOURCE_UNAVAILABLE',
  'SOURCE_TRUNCATED',
  'SOURCE_CHANGED',
  'SOURCE_EMPTY',
];

function isTransient(error: JobError): boolean {
  return TRANSIENT.includes(error.code);
}

/** One request, from where we are to its end. */
async function receive(
  url: string,
  path: string,
  progress: Progress,
  limits: DownloadLimits,
  options: DownloadOptions,
): Promise<void> {
  const response = await requestFollowing(url, progress, options);
  options.onAnswer?.(response);
  try {
    acceptAnswer(response, progress, options.maxBytes);
  } catch (error) {
    response.body.on('error', () => undefined).destroy();
    throw error;
  }
  await receiveBody(response.body, path, progress, limits, options);
  finish(progress);
}

async function requestFollowing(url: string, progress: Progress, options: DownloadOptions) {
  const { agent, policy, signal, origin } = options;
  const headers = { ...buildHeaders(progress), ...(origin !== undefined && { origin }) };
  let current: URL = assertUrlAllowed(url, policy, 'SOURCE_URL_REFUSED');
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await request(current, { dispatcher: agent, signal, headers });
    const location = response.headers.location;
    if (response.statusCode < 300 || response.statusCode >= 400 || typeof location !== 'string') return response;
    await response.body.dump({ limit: 64 * 1024 });
    if (!URL.canParse(location, current.href)) throw new JobError('SOURCE_UNAVAILABLE', 'it redirects to nowhere');
    current = assertUrlAllowed(new URL(location, current).href, policy, 'SOURCE_URL_REFUSED');
  }
  throw new JobError('SOURCE_URL_REFUSED', `expected at most ${MAX_REDIRECTS} redirects`);
}

function buildHeaders({ receivedBytes, validator }: Progress): Record<string, string> {
  // Compression on the way would make byte counts and ranges mean something else.
  const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'tapedeck' };
  if (receivedBytes === 0 || validator === undefined) return headers;
  return { ...headers, range: `bytes=${receivedBytes}-`, 'if-range': validator };
}

/** Decides from status and headers whether the body continues what we have, begins anew, or is of no use. */
function acceptAnswer({ statusCode, headers }: Dispatcher.ResponseData, progress: Progress, maxBytes: number): void {
  if (statusCode === 404 || statusCode === 410) throw new JobError('SOURCE_NOT_FOUND', `status ${statusCode}`);
  if (statusCode === 401 || statusCode === 403) throw new JobError('SOURCE_FORBIDDEN', `status ${statusCode}`);
  if (statusCode === 206) continueFrom(headers['content-range'], progress);
  else if (statusCode === 200) beginAnew(headers, progress);
  else throw new JobError('SOURCE_UNAVAILABLE', `status ${statusCode}`);
  if ((progress.totalBytes ?? 0) > maxBytes) {
    throw new JobError('SOURCE_TOO_LARGE', `expected at most ${maxBytes} bytes, got ${progress.totalBytes}`);
  }
}

function continueFrom(contentRange: string | string[] | undefined, progress: Progress): void {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(contentRange));
  const startsHere = match !== null && Number(match[1]) === progress.receivedBytes;
  const sameTotal = match?.[2] === '*' || Number(match?.[2]) === progress.totalBytes;
  if (startsHere && sameTotal) return;
  restart(progress);
  throw new JobError('SOURCE_CHANGED', 'the source answered another range than the one asked for');
}

function beginAnew(headers: Dispatcher.ResponseData['headers'], progress: Progress): void {
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    throw new JobError(
      'SOURCE_UNAVAILABLE',
      `expected no content encoding, got ${String(headers['content-encoding'])}`,
    );
  }
  restart(progress);
  const length = Number(headers['content-length']);
  progress.totalBytes = headers['content-length'] !== undefined && Number.isSafeInteger(length) ? length : undefined;
  const etag = headers.etag;
  const isStrong = typeof etag === 'string' && !etag.startsWith('W/');
  progress.validator = isStrong ? etag : (headers['last-modified'] as string | undefined);
}

function restart(progress: Progress): void {
  progress.receivedBytes = 0;
  progress.totalBytes = undefined;
  progress.validator = undefined;
}

async function receiveBody(
  body: Readable,
  path: string,
  progress: Progress,
  limits: DownloadLimits,
  { maxBytes, signal, onProgress }: DownloadOptions,
): Promise<void> {
  const tooSlow = new AbortController();
  let windowBytes = 0;
  const speedCheck = setInterval(() => {
    if (windowBytes < limits.slowBytes) {
      tooSlow.abort(new JobError('SOURCE_TIMEOUT', `less than ${limits.slowBytes} bytes in ${limits.slowWindowMs} ms`));
    }
    windowBytes = 0;
  }, limits.slowWindowMs);
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      progress.receivedBytes += chunk.length;
      windowBytes += chunk.length;
      onProgress?.(progress.receivedBytes, progress.totalBytes);
      const tooLarge = progress.receivedBytes > maxBytes;
      done(tooLarge ? new JobError('SOURCE_TOO_LARGE', `expected at most ${maxBytes} bytes`) : null, chunk);
    },
  });
  const startBytes = progress.receivedBytes;
  const file = createWriteStream(path, { flags: startBytes > 0 ? 'r+' : 'w', start: startBytes });
  try {
    await pipeline(body, count, file, { signal: AbortSignal.any([signal, tooSlow.signal]) });
  } catch (error) {
    // Bytes that were counted may not have reached the file: what the file holds is the truth.
    progress.receivedBytes = Math.min(progress.receivedBytes, startBytes + file.bytesWritten);
    if (tooSlow.signal.aborted) throw tooSlow.signal.reason;
    if (error instanceof errors.SocketError) throw truncated(progress, error);
    throw error;
  } finally {
    clearInterval(speedCheck);
  }
}
