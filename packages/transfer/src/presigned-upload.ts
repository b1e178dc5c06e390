import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobError } from '@tapedeck/contracts';
import { request, type Dispatcher } from 'undici';
import { hashFile } from './hash-file.ts';
import { objectHeaders } from './object-headers.ts';
import { toNetworkError } from './network-error.ts';
import { parseRetryAfter } from './retry-after.ts';
import { RETRY_DELAYS_MS, withJitter } from './retry-delays.ts';
import { assertUrlAllowed, type UrlPolicy } from './url-policy.ts';

/** A verified local file on its way to where the caller wants it. */
export interface PresignedUpload {
  /** Signed by the caller for PUT: a secret until it expires. */
  putUrl: string;
  path: string;
  sizeBytes: number;
  /** Asked before each request: throws when this attempt may no longer publish. */
  assertMayPublish(): Promise<void>;
}

export interface PresignedUploadOptions {
  agent: Dispatcher;
  policy: UrlPolicy;
  signal: AbortSignal;
  limits?: Partial<PresignedUploadLimits>;
}

export interface PresignedUploadLimits {
  /** Before each further try; longer where the answer says so. */
  retryDelaysMs: readonly number[];
  /** Without a byte that goes out, or an answer when all are out. */
  idleMs: number;
}

const LIMITS: PresignedUploadLimits = { retryDelaysMs: RETRY_DELAYS_MS, idleMs: 30_000 };
const MAX_RETRY_AFTER_MS = 30_000;
const CODES = {
  refused: 'UPLOAD_URL_REFUSED',
  timedOut: 'UPLOAD_UNAVAILABLE',
  failed: 'UPLOAD_UNAVAILABLE',
} as const;

/** Where the object is. Characters that the caller left raw stay raw. */
export function withoutSignature(putUrl: string): string {
  const address = putUrl.replace(/[?#].*$/s, '');
  // What URL parsers drop or turn round, readers of a callback need not understand.
  return /[\s\\\p{Cc}]/u.test(address) ? withoutSignature(new URL(putUrl).href) : address;
}

/**
 * PUTs a file to a presigned URL. When it returns, the store has said that it holds these bytes: by an ETag that is
 * their MD5, or by the object's length where anybody may ask for it; where it says neither, its 2xx counts.
 * Redirects are not followed: a signature is for one address.
 * @throws JobError UPLOAD_URL_REFUSED, UPLOAD_REFUSED, UPLOAD_UNAVAILABLE, UPLOAD_MISMATCH
 */
export async function putToPresignedUrl(upload: PresignedUpload, options: PresignedUploadOptions): Promise<void> {
  const limits = { ...LIMITS, ...options.limits };
  for (const delayMs of [...limits.retryDelaysMs, undefined]) {
    await upload.assertMayPublish();
    try {
      const headers = await putOnce(upload, options, limits);
      return await assertArrived(upload, headers, options);
    } catch (error) {
      options.signal.throwIfAborted();
      const failure = toNetworkError(error, CODES);
      if (failure.code !== 'UPLOAD_UNAVAILABLE' || delayMs === undefined) throw failure;
      const { retryAfterMs = 0 } = failure instanceof BusyError ? failure : {};
      const waitMs = Math.max(withJitter(delayMs), Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
      await sleep(waitMs, undefined, { signal: options.signal });
    }
  }
}

/** An answer that may be another one later. */
class BusyError extends JobError {
  readonly retryAfterMs: number | undefined;
  constructor(message: string, retryAfterMs: number | undefined) {
    super('UPLOAD_UNAVAILABLE', message);
    this.retryAfterMs = retryAfterMs;
  }
}

type Headers = Dispatcher.ResponseData['headers'];

async function putOnce(
  upload: PresignedUpload,
  options: PresignedUploadOptions,
  limits: PresignedUploadLimits,
): Promise<Headers> {
  const url = assertUrlAllowed(upload.putUrl, options.policy, 'UPLOAD_URL_REFUSED');
  const [first, ...others] = listHeaders(url, upload);
  let putting = send(url, first, upload.path, options, limits);
  for (const headers of others) {
    putting = putting.catch((error: unknown) => {
      if (!isSignatureRefused(error)) throw error;
      return send(url, headers, upload.path, options, limits);
    });
  }
  return putting;
}

async function send(
  url: URL,
  headers: SentHeaders,
  path: string,
  { agent, signal }: PresignedUploadOptions,
  { idleMs }: PresignedUploadLimits,
): Promise<Headers> {
  const file = createReadStream(path);
  const idle = new AbortController();
  let bytesBefore = -1;
  const watch = setInterval(() => {
    if (file.bytesRead === bytesBefore) {
      idle.abort(new JobError('UPLOAD_UNAVAILABLE', `nothing happened for ${idleMs} ms`));
    }
    bytesBefore = file.bytesRead;
  }, idleMs);
  try {
    const answer = await request(url, {
      ...{ method: 'PUT', dispatcher: agent, body: file, headers },
      signal: AbortSignal.any([signal, idle.signal]),
    });
    await assertTaken(answer);
    return answer.headers;
  } catch (error) {
    throw idle.signal.aborted ? idle.signal.reason : error;
  } finally {
    clearInterval(watch);
    file.destroy();
  }
}

type SentHeaders = Record<string, string>;

/**
 * What a signature covers must be sent as it was signed, and it does not always say what that is. The likeliest first:
 * - version 2 covers a Content-Type without saying whether there was one;
 * - an ACL may be in the query, where Ceph does not look, and Amazon takes no header that was not signed.
 */
function listHeaders(url: URL, { path, sizeBytes }: PresignedUpload): [SentHeaders, ...SentHeaders[]] {
  const { contentType } = objectHeaders(path);
  const always = { 'content-length': String(sizeBytes), 'user-agent': 'tapedeck' };
  const typed = { ...always, 'content-type': contentType };
  const query = url.searchParams;
  const signedNames = (query.get('X-Amz-SignedHeaders') ?? '').toLowerCase().split(';');
  const queryAcl = query.get('x-amz-acl');
  if (signedNames.includes('x-amz-acl')) return [{ ...typed, 'x-amz-acl': 'public-read' }];
  if (queryAcl !== null) return [{ ...typed, 'x-amz-acl': queryAcl }, typed];
  return query.has('AWSAccessKeyId') ? [typed, always] : [typed];
}

const SIGNATURE_REFUSALS: readonly unknown[] = ['SignatureDoesNotMatch', 'AccessDenied'];

function isSignatureRefused(error: unknown): boolean {
  return error instanceof JobError && SIGNATURE_REFUSALS.includes(error.details.s3Code);
}

const MAX_ANSWER_BYTES = 64 * 1024;

/** An error's text is short; one that is not, or that never ends, says nothing more. */
async function readStart(body: Dispatcher.ResponseData['body']): Promise<string> {
  let text = '';
  for await (const chunk of body.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_ANSWER_BYTES) break;
  }
  return text;
}

const WORTH_ANOTHER_TRY = [408, 425, 429];

async function assertTaken({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<void> {
  if (statusCode >= 200 && statusCode < 300) {
    // The status is the answer. A body that never ends changes nothing about it.
    await body.dump({ limit: MAX_ANSWER_BYTES }).catch(() => undefined);
    return;
  }
  const s3Code = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(await readStart(body))?.[1];
  const message = `status ${statusCode}${s3Code ? `, ${s3Code}` : ''}`;
  if (statusCode < 500 && !WORTH_ANOTHER_TRY.includes(statusCode)) {
    throw new JobError('UPLOAD_REFUSED', message, { details: { s3Code } });
  }
  throw new BusyError(message, parseRetryAfter(headers['retry-after']));
}

async function assertArrived(
  { putUrl, path, sizeBytes }: PresignedUpload,
  headers: Headers,
  options: PresignedUploadOptions,
): Promise<void> {
  const md5 = findMd5(headers);
  if (md5 !== undefined) {
    if (md5 !== (await hashFile(path, 'md5'))) throw mismatch('its ETag is the MD5 of other bytes');
    return;
  }
  const storedBytes = await readPublicLength(withoutSignature(putUrl), options);
  if (storedBytes !== undefined && storedBytes !== sizeBytes) {
    throw mismatch(`expected ${sizeBytes} bytes, got ${storedBytes}`);
  }
}

function mismatch(message: string): JobError {
  return new JobError('UPLOAD_MISMATCH', message);
}

/** Of an object that was put whole the ETag is the MD5, unless the store encrypts it with a key of its own. */
function findMd5(headers: Headers): string | undefined {
  if (Object.keys(headers).some((name) => name.startsWith('x-amz-server-side-encryption'))) return undefined;
  return /^"?([0-9a-f]{32})"?$/i.exec(String(headers.etag))?.[1]?.toLowerCase();
}

const HEAD_TIMEOUT_MS = 10_000;

/** undefined where the object is not for everybody, or where nothing can be learned. */
async function readPublicLength(
  address: string,
  { agent, policy, signal }: PresignedUploadOptions,
): Promise<number | undefined> {
  const url = assertUrlAllowed(address, policy, 'UPLOAD_URL_REFUSED');
  const answer = await request(url, {
    ...{ method: 'HEAD', dispatcher: agent, headers: { 'accept-encoding': 'identity', 'user-agent': 'tapedeck' } },
    signal: AbortSignal.any([signal, AbortSignal.timeout(HEAD_TIMEOUT_MS)]),
  }).catch(() => undefined);
  signal.throwIfAborted();
  await answer?.body.dump();
  const length = answer?.statusCode === 200 ? Number(answer.headers['content-length']) : Number.NaN;
  return Number.isSafeInteger(length) ? length : undefined;
}
