import type { ErrorCode } from './contract.ts';

/** What the API has no code for, because it never came to it. */
export type ClientErrorCode =
  /** An option or an argument is not what was expected. */
  | 'ARGUMENT_INVALID'
  /** No answer: the name, the connection or the network failed. */
  | 'UNREACHABLE'
  /** No answer, or no end of the job, in time. */
  | 'TIMEOUT'
  /** Not an answer of Tapedeck: a proxy's page, a redirect, or JSON that is none. */
  | 'UNEXPECTED_ANSWER'
  /** The runtime has no WebCrypto: an old one, or a page that did not come over https:. */
  | 'WEBCRYPTO_MISSING'
  /** No secret to verify with, or one that is not `whsec_` and base64. */
  | 'CALLBACK_SECRET_INVALID'
  /** A header of the callback is missing or malformed. */
  | 'CALLBACK_HEADER_INVALID'
  /** The callback's timestamp is too far from now: an old one again, or a clock that is wrong. */
  | 'CALLBACK_EXPIRED'
  /** No secret made any of the callback's signatures. */
  | 'CALLBACK_SIGNATURE_WRONG'
  /** The callback's body is larger than any that Tapedeck sends. */
  | 'CALLBACK_BODY_TOO_LARGE'
  /** The callback's body cannot be read, or is no event. */
  | 'CALLBACK_BODY_INVALID';

/** One field of a request that does not fit. */
export interface FieldError {
  /** Dotted path into the body, or the name of a parameter or header. */
  path: string;
  message: string;
}

export interface TapedeckErrorOptions {
  status?: number | undefined;
  retryable?: boolean | undefined;
  errors?: readonly FieldError[] | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/**
 * All that this package throws, except the reason of a caller's own signal. No message has a token or a secret in
 * it. `cause`, where there is one, is what the runtime said.
 */
export class TapedeckError extends Error {
  override readonly name = 'TapedeckError';
  /** Stable: decide by it, not by the message. A newer Tapedeck may know codes that this package does not. */
  readonly code: ErrorCode | ClientErrorCode;
  /** Of the HTTP answer; undefined when there was none. */
  readonly status: number | undefined;
  /** Is the same call, made again later, likely to end differently? */
  readonly retryable: boolean;
  /** With REQUEST_INVALID: one row for each field that does not fit. */
  readonly errors: readonly FieldError[] | undefined;
  /** How long the API asked to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode | ClientErrorCode, message: string, options: TapedeckErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.retryable = options.retryable ?? false;
    this.errors = options.errors;
    this.retryAfterMs = options.retryAfterMs;
  }
}
