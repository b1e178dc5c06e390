import { asJobError, JobError, type ErrorCode } from '@tapedeck/contracts';
import { findAddressRefusal } from './guarded-agent.ts';

/** What the failures of one kind of exchange are called. */
export interface NetworkErrorCodes {
  /** The URL, or its name, leads to an address that we do not talk to. */
  refused: ErrorCode;
  timedOut: ErrorCode;
  failed: ErrorCode;
}

/** Whatever a request threw, as a JobError. The message has the system's code, and nothing of the URL. */
export function toNetworkError(error: unknown, codes: NetworkErrorCodes): JobError {
  const refusal = findAddressRefusal(error);
  if (refusal) return new JobError(codes.refused, refusal.message, { cause: error });
  const known = asJobError(error, codes.failed);
  if (known === error || known.code !== codes.failed) return known;
  const systemCode = systemCodeOf(error);
  const isTimeout = /^UND_ERR_\w+_TIMEOUT$|^ETIMEDOUT$/.test(systemCode);
  return new JobError(isTimeout ? codes.timedOut : codes.failed, systemCode, { cause: error });
}

export function systemCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'connection failed';
}
