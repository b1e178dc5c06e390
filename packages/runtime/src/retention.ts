import { ConfigError, type Environment } from './environment.ts';

const DAY_MS = 24 * 3_600_000;

/** The variables that say how long things are kept. */
export const RETENTION_VARIABLES = [
  'SUPERSEDED_KEEP_MS',
  'JOB_TIMEOUT_MS',
  'KEEP_JOBS_DAYS',
  'DELETE_RESULTS_AFTER_DAYS',
] as const;

export interface Retention {
  /** Of segments that a later run has replaced. */
  supersededMs: number;
  recordsMs: number;
  /** Without it, results stay for ever. */
  resultsMs: number | undefined;
}

/** @throws ConfigError where one would be removed while something still needs it */
export function resolveRetention(environment: Environment<(typeof RETENTION_VARIABLES)[number]>): Retention {
  const { SUPERSEDED_KEEP_MS, JOB_TIMEOUT_MS, KEEP_JOBS_DAYS, DELETE_RESULTS_AFTER_DAYS } = environment;
  if (SUPERSEDED_KEEP_MS <= JOB_TIMEOUT_MS) {
    throw new ConfigError(
      `SUPERSEDED_KEEP_MS: expected more than JOB_TIMEOUT_MS (${JOB_TIMEOUT_MS}), got ${SUPERSEDED_KEEP_MS}`,
    );
  }
  // A result is found by its record.
  if (DELETE_RESULTS_AFTER_DAYS !== undefined && DELETE_RESULTS_AFTER_DAYS > KEEP_JOBS_DAYS) {
    throw new ConfigError(
      `DELETE_RESULTS_AFTER_DAYS: expected at most KEEP_JOBS_DAYS (${KEEP_JOBS_DAYS}), got ${DELETE_RESULTS_AFTER_DAYS}`,
    );
  }
  return {
    supersededMs: SUPERSEDED_KEEP_MS,
    recordsMs: KEEP_JOBS_DAYS * DAY_MS,
    resultsMs: DELETE_RESULTS_AFTER_DAYS === undefined ? undefined : DELETE_RESULTS_AFTER_DAYS * DAY_MS,
  };
}
