import { createHash } from 'node:crypto';
import type { Environment } from './environment.ts';
import type { StorageConfig } from './storage.ts';

/** Where the journal lies: what createObjectLog takes. */
export interface JournalConfig {
  prefix: string;
  /** Where everything goes; undefined: each job's entries go to its own bucket. */
  bucket: string | undefined;
  /** Those that jobs can be for; undefined: any. */
  buckets: readonly string[] | undefined;
}

/** The variables that decide it; the API and the workers must have the same. */
export const JOURNAL_VARIABLES = ['JOB_JOURNAL', 'JOURNAL_BUCKET', 'ALLOWED_BUCKETS'] as const;

/** @returns undefined when there is to be none */
export function resolveJournal(
  environment: Environment<(typeof JOURNAL_VARIABLES)[number]>,
  storage: StorageConfig,
): JournalConfig | undefined {
  const { JOB_JOURNAL, JOURNAL_BUCKET: bucket, ALLOWED_BUCKETS: buckets } = environment;
  if (JOB_JOURNAL === 'off') return undefined;
  return { prefix: `.tapedeck/journal/${nameInstallation(storage, bucket)}`, bucket, buckets };
}

/**
 * Another installation's journal must never be taken for ours, and a key may see the buckets of several. So a journal
 * in the jobs' own buckets has the key's name; a bucket that was named for it is one installation's alone.
 */
function nameInstallation(storage: StorageConfig, bucket: string | undefined): string {
  if (storage.driver === 'local' || bucket !== undefined) return '';
  return `${createHash('sha256').update(storage.accessKeyId).digest('hex').slice(0, 16)}/`;
}
