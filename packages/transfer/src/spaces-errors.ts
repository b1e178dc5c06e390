import { JobError } from '@tapedeck/contracts';

/** What only an operator can mend. Everything else is worth another try. */
const FINAL = {
  NoSuchBucket: 'STORAGE_BUCKET_MISSING',
  InvalidAccessKeyId: 'STORAGE_CREDENTIALS_REFUSED',
  SignatureDoesNotMatch: 'STORAGE_CREDENTIALS_REFUSED',
  AccessDenied: 'STORAGE_FORBIDDEN',
  Forbidden: 'STORAGE_FORBIDDEN',
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
  const code = name in FINAL ? FINAL[name as keyof typeof FINAL] : 'STORAGE_UNAVAILABLE';
  return new JobError(code, name, { cause: error });
}

/** The SDK writes on each error how often it tried. */
function isOfStore(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && '$metadata' in error;
}

/** Also of HEAD, whose answer has no body and so no code but its status. */
export function isAbsent(error: unknown): boolean {
  return isErrorNamed(error, ['NoSuchKey', 'NotFound', 'NoSuchUpload']);
}

export function isErrorNamed(error: unknown, names: readonly string[]): boolean {
  return isOfStore(error) && names.includes(error.name);
}
