import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { asJobError, JobError } from '@tapedeck/contracts';
import { request, type Dispatcher } from 'undici';
import { isAddressRefused } from './guarded-agent.ts';
import { hashFile } from './hash-file.ts';
import { objectHeaders } from './object-headers.ts';
import { parseRetryAfter } from './retry-after.ts';
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
  /** Spaces takes five PUTs of one object in five minutes. */
  maxTries: number;
  /** Before the second try; then three times as long each. */
  retryDelayMs: number;
  /** Without a byte that goes out, or an answer when all are out. */
  idleMs: number;
}

const LIMITS: PresignedUploadLimits = { maxTries: 4, retryDelayMs: 1_000, idleMs: 30_000 };
const MAX_RETRY_AFTER_MS = 30_000;

/** Where the object is: the URL without its signature. Characters that the caller left raw stay raw. */
export function addressOf(putUrl: string): string {
  return putUrl.replace(/[?#].*$/s, '');
}

/**
 * PUTs a file to a presigned URL. When it returns, the store has said that it holds these bytes: by an ETag that is
 * their MD5, or by the object's length where anybody may ask for it; where it says neither, its 2xx counts.
 * Redirects are not followed: a signature is for one address.
 * @throws JobError UPLOAD_URL_REFUSED, UPLOAD_REFUSED, UPLOAD_UNAVAILABLE, STORAGE_MISMATCH
 */
export async function putToPresignedUrl(upload: PresignedUpload, options: PresignedUploadOptions): Promise<void> {
  const limits = { ...LIMITS, ...options.limits };
  for (let tries = 1; ; tries += 1) {
    await upload.assertMayPublish();
    try {
      const headers = await putOnce(upload, options, limits);
      return await assertArrived(upload, headers, options);
    } catch (error) {
      options.signal.throwIfAborted();
      const failure = toUploadError(error);
      if (failure.code !== 'UPLOAD_UNAVAILABLE' || tries >= limits.maxTries) throw failure;
      const { retryAfterMs = 0 } = failure.details as { retryAfterMs?: number };
      const delayMs = Math.max(retryAfterMs, limits.retryDelayMs * 3 ** (tries - 1));
      await sleep(Math.min(delayMs, MAX_RETRY_AFTER_MS), undefined, { signal: options.signal });
    }
  }
}

type Headers = Dispatcher.ResponseData['headers'];

async function putOnce(
  { putUrl, path, sizeBytes }: PresignedUpload,
  { agent, policy, signal }: PresignedUploadOptions,
  { idleMs }: PresignedUploadLimits,
): Promise<Headers> {
  const url = assertUrlAllowed(putUrl, policy, 'UPLOAD_URL_REFUSED');
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
      ...{ method: 'PUT', dispatcher: agent, body: file, headers: buildHeaders(url, path, sizeBytes) },
      signal: AbortSignal.any([signal, idle.signal]),
    });
    const text = await readStart(answer.body);
    assertTaken(answer, text);
    return answer.headers;
  } catch (error) {
    throw idle.signal.aborted ? idle.signal.reason : error;
  } finally {
    clearInterval(watch);
    file.destroy();
  }
}

/** What a signature covers must be sent as it was signed; of what callers sign, these are ours to know. */
function buildHeaders(url: URL, path: string, sizeBytes: number): Record<string, string> {
  const { contentType } = objectHeaders(path);
  const signed = (url.searchParams.get('X-Amz-SignedHeaders') ?? '').toLowerCase().split(';');
  return {
    'content-length': String(sizeBytes),
    'content-type': contentType,
    'user-agent': 'tapedeck',
    ...(signed.includes('x-amz-acl') && { 'x-amz-acl': 'public-read' }),
  };
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

function assertTaken({ statusCode, headers }: Dispatcher.ResponseData, text: string): void {
  if (statusCode >= 200 && statusCode < 300) return;
  const code = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(text)?.[1];
  const message = `status ${statusCode}${code ? `, ${code}` : ''}`;
  if (statusCode < 500 && !WORTH_ANOTHER_TRY.includes(statusCode)) throw new JobError('UPLOAD_REFUSED', message);
  const retryAfterMs = parseRetryAfter(headers['retry-after']);
  throw new JobError('UPLOAD_UNAVAILABLE', message, { details: { ...(retryAfterMs && { retryAfterMs }) } });
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
  const storedBytes = await readPublicLength(addressOf(putUrl), options);
  if (storedBytes !== undefined && storedBytes !== sizeBytes) {
    throw mismatch(`expected ${sizeBytes} bytes, got ${storedBytes}`);
  }
}

function mismatch(message: string): JobError {
  return new JobError('STORAGE_MISMATCH', message);
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

function toUploadError(error: unknown): JobError {
  if (isAddressRefused(error)) {
    return new JobError('UPLOAD_URL_REFUSED', 'its name resolves to an address that is not public', { cause: error });
  }
  const known = asJobError(error, 'UPLOAD_UNAVAILABLE');
  if (known === error || known.code !== 'UPLOAD_UNAVAILABLE') return known;
  const systemCode = error instanceof Error && 'code' in error ? String(error.code) : 'connection failed';
  return new JobError('UPLOAD_UNAVAILABLE', systemCode, { cause: error });
}
