import { JobError, type ErrorCode } from '@tapedeck/contracts';
import type { Finding } from './finding.ts';

const ADVICE: Partial<Record<ErrorCode, string>> = {
  STORAGE_BUCKET_MISSING: 'Make it, or take it out of ALLOWED_BUCKETS.',
  STORAGE_CREDENTIALS_REFUSED: 'Check both.',
  STORAGE_FORBIDDEN: 'Give the key the right to read, write, delete and list there, and to make objects public.',
  STORAGE_CLOCK_SKEWED: 'Set the clock of this machine.',
  STORAGE_UNAVAILABLE: 'Is SPACES_ENDPOINT (or DATA_DIR) right, and may this process use it?',
};

/** Of the store's requests: whoever asks wants to hear of the first failure. */
export const NO_RETRIES = { limits: { retryDelaysMs: [] } };

/** Looks, and says what an operator can do when it fails. */
export async function examine(what: string, look: () => Promise<unknown>): Promise<Finding> {
  try {
    await look();
    return { verdict: 'ok', what };
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    return { verdict: 'fails', what: `${what}: no`, advice: `${error.message}. ${ADVICE[error.code] ?? ''}`.trim() };
  }
}
