import { JobError } from '@tapedeck/contracts';

/** What the store means by its codes. Everything else is worth another try. */
const CODES = {
  NoSuchBucket: 'STORAGE_BUCKET_MISSING',
  // The SDK's own: the name can be no host's, or is one of a kind that only Amazon has.
  EndpointError: 'STORAGE_BUCKET_MISSING',
  InvalidAccessKeyId: 'STORAGE_CREDENTIALS_REFUSED',
  SignatureDoesNotMatch: 'STORAGE_CREDENTIALS_REFUSED',
  AccessDenied: 'STORAGE_FORBIDDEN',
  RequestTimeTooSkewed: 'STORAGE_CLOCK_SKEWED',
  KeyTooLongError: 'STORAGE_KEY_REFUSED',
} as const;

/**
 * What the store, or the way to it, answered as one of our errors.
 * @returns anything else as it is: a file that cannot be read, or a question that was answered with no
 */
export function toStorageError(error: unknown): unknown {
  if (!isOfStore(error)) return error;
  const { name } = error;
  if (name in CODES) return new JobError(CODES[name as keyof typeof CODES], name, { cause: error });
  // The answer to HEAD has no body, and so no code but its status.
  const isForbidden = error.$metadata?.httpStatusCode === 403;
  return new JobError(isForbidden ? 'STORAGE_FORBIDDEN' : 'STORAGE_UNAVAILABLE', error.code ?? name, { cause: error });
}

interface StoreError extends Error {
  /** The system's, where the connection failed. */
  code?: string;
  $metadata?: { httpStatusCode?: number };
}

/** What a deadline of ours throws, and what the SDK throws before it sends anything. */
const UNSENT_NAMES = ['AbortError', 'TimeoutError', 'EndpointError'];

/** On every other error the SDK writes how often it tried. */
function isOfStore(error: unknown): error is StoreError {
  if (typeof error !== 'object' || error === null || !('name' in error)) return false;
  return '$metadata' in error || UNSENT_NAMES.includes(String(error.name));
}

export function isAbsent(error: unknown): boolean {
  return isErrorNamed(error, ['NoSuchKey', 'NotFound', 'NoSuchUpload']);
}

/**
 * Waits for the store's answer, with the caller's signal first: whatever it threw because it was aborted, the reason for
 * the abort is what happened.
 * @throws JobError STORAGE_…
 */
export async function orStorageError<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (error) {
    signal.throwIfAborted();
    throw toStorageError(error);
  }
}

export function isErrorNamed(error: unknown, names: readonly string[]): boolean {
  return isOfStore(error) && names.includes(error.name);
}
