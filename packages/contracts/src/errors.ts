import { z } from 'zod';
import type { Phase } from './vocabulary.ts';

export interface ErrorRow {
  /** Is the same job, tried again later, likely to end differently? */
  retryable: boolean;
  /** How many times longer than usual to wait before the next attempt; 1 where nothing is said. What is full or away needs time. */
  backoffFactor?: number;
  /** The status of the HTTP answer when a request causes it; for what only a job can meet, what fits best. */
  httpStatus: number;
  summary: string;
}

/**
 * Every code that a caller, a callback or an operator can meet. The prefix says whose fault it was:
 * the request, the source, the archive, the media, the encoder, the store, where the caller wants the result, or us.
 * docs/errors.md lists the same rows, and a test holds the two equal.
 */
export const ERROR_TABLE = {
  REQUEST_INVALID: { retryable: false, httpStatus: 400, summary: 'The request does not fit the schema' },
  UNAUTHORIZED: { retryable: false, httpStatus: 401, summary: 'No token, or a wrong one' },
  FORBIDDEN: { retryable: false, httpStatus: 403, summary: 'This is not allowed to you' },
  BUCKET_NOT_ALLOWED: { retryable: false, httpStatus: 403, summary: 'Jobs for this bucket are not accepted' },
  NOT_FOUND: { retryable: false, httpStatus: 404, summary: 'There is nothing here' },
  METHOD_NOT_ALLOWED: { retryable: false, httpStatus: 405, summary: 'What is here cannot be asked for in that way' },
  REQUEST_TIMEOUT: { retryable: true, httpStatus: 408, summary: 'The request took too long to arrive' },
  IDEMPOTENCY_CONFLICT: {
    retryable: false,
    httpStatus: 409,
    summary: 'The Idempotency-Key was used with another body',
  },
  JOB_STATE_CONFLICT: {
    retryable: false,
    httpStatus: 409,
    summary: 'The job is in a state in which this cannot be done',
  },
  BODY_TOO_LARGE: { retryable: false, httpStatus: 413, summary: 'The body is larger than accepted' },
  CONTENT_TYPE_UNSUPPORTED: { retryable: false, httpStatus: 415, summary: 'The body is not application/json' },
  RANGE_NOT_SATISFIABLE: { retryable: false, httpStatus: 416, summary: 'The range lies outside the object' },
  RATE_LIMITED: { retryable: true, httpStatus: 429, summary: 'Too many requests; wait for Retry-After' },
  HEADERS_TOO_LARGE: { retryable: false, httpStatus: 431, summary: 'The headers are larger than accepted' },
  INTERNAL_ERROR: { retryable: true, httpStatus: 500, summary: 'Something failed that should not have' },
  QUEUE_UNAVAILABLE: { retryable: true, httpStatus: 503, summary: 'The queue cannot take the job now' },
  LOGIN_UNAVAILABLE: { retryable: true, httpStatus: 503, summary: 'The login provider (OIDC_ISSUER) does not answer' },

  SOURCE_URL_REFUSED: { retryable: false, httpStatus: 422, summary: 'The source URL is not allowed' },
  CALLBACK_URL_REFUSED: { retryable: false, httpStatus: 422, summary: 'The callback URL is not allowed' },
  SOURCE_NOT_FOUND: { retryable: true, backoffFactor: 2, httpStatus: 404, summary: 'The source answers 404 or 410' },
  SOURCE_FORBIDDEN: { retryable: true, backoffFactor: 2, httpStatus: 403, summary: 'The source answers 401 or 403' },
  SOURCE_UNAVAILABLE: {
    retryable: true,
    backoffFactor: 2,
    httpStatus: 502,
    summary: 'The source cannot be reached or answers an error',
  },
  SOURCE_TIMEOUT: { retryable: true, backoffFactor: 2, httpStatus: 504, summary: 'The source is too slow' },
  SOURCE_TRUNCATED: { retryable: true, httpStatus: 502, summary: 'The source ended before its announced length' },
  SOURCE_CHANGED: { retryable: true, httpStatus: 502, summary: 'The source changed while it was downloaded' },
  SOURCE_TOO_LARGE: { retryable: false, httpStatus: 413, summary: 'The source is larger than accepted' },
  SOURCE_EMPTY: { retryable: true, httpStatus: 502, summary: 'The source has no bytes' },

  ARCHIVE_INVALID: { retryable: false, httpStatus: 422, summary: 'The source is not a ZIP archive that can be read' },
  ARCHIVE_EMPTY: { retryable: false, httpStatus: 422, summary: 'The archive has no frames' },
  ARCHIVE_TOO_MANY_ENTRIES: { retryable: false, httpStatus: 413, summary: 'The archive has too many entries' },
  ARCHIVE_TOO_LARGE: { retryable: false, httpStatus: 413, summary: 'The archive unpacks to more than accepted' },
  ARCHIVE_ENTRY_REFUSED: { retryable: false, httpStatus: 422, summary: 'The archive has an entry that is not allowed' },
  ARCHIVE_ENCRYPTED: { retryable: false, httpStatus: 422, summary: 'The archive is encrypted' },
  ARCHIVE_CORRUPT: { retryable: false, httpStatus: 422, summary: 'An entry does not match its checksum or size' },
  ARCHIVE_TIMING_INVALID: {
    retryable: false,
    httpStatus: 422,
    summary: 'timing.json has an entry that makes no sense',
  },
  ARCHIVE_FRAME_MISSING: { retryable: false, httpStatus: 422, summary: 'timing.json names a frame that is not there' },
  ARCHIVE_FRAME_INVALID: { retryable: false, httpStatus: 422, summary: 'A frame is not a PNG or WebP image' },
  ARCHIVE_AUDIO_INVALID: { retryable: false, httpStatus: 422, summary: 'The soundtrack cannot be read' },

  MEDIA_FRAME_TOO_LARGE: { retryable: false, httpStatus: 422, summary: 'A picture has more pixels than accepted' },
  MEDIA_TOO_LONG: { retryable: false, httpStatus: 422, summary: 'The recording is longer than accepted' },
  MEDIA_UNRECOGNIZED: {
    retryable: false,
    httpStatus: 422,
    summary: 'The source is not a video or sound file that is accepted',
  },
  MEDIA_PLAYLIST_REFUSED: {
    retryable: false,
    httpStatus: 422,
    summary: 'The source is a playlist, which leads to other places, and not a recording',
  },
  MEDIA_CODEC_REFUSED: { retryable: false, httpStatus: 422, summary: 'The source is in a codec that is not accepted' },
  MEDIA_TRUNCATED: { retryable: false, httpStatus: 422, summary: 'The recording ends before its own index says' },
  MEDIA_UNDECODABLE: { retryable: false, httpStatus: 422, summary: 'The media cannot be decoded' },

  ENCODE_FAILED: { retryable: true, httpStatus: 500, summary: 'FFmpeg encoding failed' },
  ENCODE_KILLED: { retryable: true, httpStatus: 500, summary: 'FFmpeg was killed' },
  ENCODE_STALLED: { retryable: true, httpStatus: 504, summary: 'FFmpeg made no progress' },
  ENCODE_OUTPUT_INVALID: { retryable: true, httpStatus: 500, summary: 'The encoded file did not pass verification' },
  ENCODE_OUTPUT_TOO_LARGE: { retryable: false, httpStatus: 422, summary: 'The result does not fit options.maxBytes' },
  ENCODE_MEMORY_INSUFFICIENT: {
    retryable: false,
    httpStatus: 422,
    summary: 'The encode needs more memory than the worker has, even with the smallest plan',
  },

  STORAGE_UNAVAILABLE: {
    retryable: true,
    backoffFactor: 4,
    httpStatus: 503,
    summary: 'The store cannot be reached or answers an error',
  },
  STORAGE_MISMATCH: { retryable: true, httpStatus: 502, summary: 'The store does not hold what was sent' },
  STORAGE_BUCKET_MISSING: { retryable: false, httpStatus: 502, summary: 'The store has no such bucket' },
  STORAGE_CREDENTIALS_REFUSED: {
    retryable: false,
    httpStatus: 502,
    summary: 'The store does not know DO_SPACES_KEY, or DO_SPACES_SECRET is not its secret',
  },
  STORAGE_FORBIDDEN: {
    retryable: false,
    httpStatus: 502,
    summary: 'DO_SPACES_KEY may not write to the bucket, or not make objects public there',
  },
  STORAGE_CLOCK_SKEWED: {
    retryable: true,
    backoffFactor: 4,
    httpStatus: 502,
    summary: 'The clock of the worker and that of the store are too far apart',
  },
  STORAGE_KEY_TAKEN: {
    retryable: false,
    httpStatus: 409,
    summary: 'Under the key of a result lies something that is too large to be one of ours',
  },
  STORAGE_KEY_REFUSED: { retryable: false, httpStatus: 422, summary: 'The object key cannot be used in this store' },

  UPLOAD_URL_REFUSED: { retryable: false, httpStatus: 422, summary: 'A URL of upload is not allowed' },
  UPLOAD_REFUSED: {
    retryable: false,
    httpStatus: 422,
    summary: 'A URL of upload does not take the result: wrong, for another request, or expired',
  },
  UPLOAD_MISMATCH: {
    retryable: true,
    httpStatus: 502,
    summary: 'What a URL of upload leads to does not hold what was sent',
  },
  UPLOAD_UNAVAILABLE: {
    retryable: true,
    backoffFactor: 4,
    httpStatus: 502,
    summary: 'What a URL of upload leads to cannot be reached or answers an error',
  },

  WORKER_DISK_FULL: {
    retryable: true,
    backoffFactor: 4,
    httpStatus: 507,
    summary: 'The worker has no disk space left',
  },
  WORKER_LOST: { retryable: false, httpStatus: 500, summary: 'The worker died with this job every time' },
  WORKER_INTERNAL: { retryable: true, httpStatus: 500, summary: 'The worker failed in a way that it should not have' },
  JOB_TIMEOUT: { retryable: false, httpStatus: 504, summary: 'The job took longer than JOB_TIMEOUT_MS' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERROR_TABLE;

// Object.keys forgets of what.
const ERROR_CODES = Object.keys(ERROR_TABLE) as [ErrorCode, ...ErrorCode[]];
export const errorCodeSchema = z
  .enum(ERROR_CODES)
  .describe('What went wrong, and by its prefix whose fault it was. docs/errors.md has every code.');

export interface JobErrorOptions {
  /** Facts for the log and the job's page. Never a secret, never a path of the machine. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/**
 * The only error that crosses a package's border on purpose.
 * `message` may be shown to the caller: it names what was expected and what came, nothing internal.
 */
export class JobError extends Error {
  override readonly name = 'JobError';
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;
  /** Set where the failure happened: the consumer knows which phase was running. */
  phase: Phase | undefined;

  constructor(code: ErrorCode, message?: string, options: JobErrorOptions = {}) {
    const { summary } = ERROR_TABLE[code];
    super(message === undefined ? summary : `${summary}: ${message}`, { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get retryable(): boolean {
    return ERROR_TABLE[this.code].retryable;
  }

  get backoffFactor(): number {
    const row: ErrorRow = ERROR_TABLE[this.code];
    return row.backoffFactor ?? 1;
  }

  get httpStatus(): number {
    return ERROR_TABLE[this.code].httpStatus;
  }
}

/** Anything thrown, as a JobError: unknown errors become `code`, and keep themselves as the cause. */
export function asJobError(error: unknown, code: ErrorCode = 'WORKER_INTERNAL'): JobError {
  if (error instanceof JobError) return error;
  if (isDiskFull(error)) return new JobError('WORKER_DISK_FULL', undefined, { cause: error });
  return new JobError(code, undefined, { cause: error });
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
