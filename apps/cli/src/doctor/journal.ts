import { randomUUID } from 'node:crypto';
import { JobError } from '@tapedeck/contracts';
import type { JournalConfig, StorageConfig } from '@tapedeck/runtime';
import { createObjectLog, createObjectStore, type ObjectLog } from '@tapedeck/transfer';
import { examine, NO_RETRIES } from './examine.ts';
import type { Finding } from './finding.ts';

const TIMEOUT_MS = 60_000;
const MAX_BYTES = 1_024;

/** Whether what is accepted outlives Redis. */
export async function examineJournal(storage: StorageConfig, journal: JournalConfig | undefined): Promise<Finding[]> {
  if (!journal) {
    const advice = 'JOB_JOURNAL is off: what Redis loses is lost.';
    return [{ verdict: 'warns', what: 'accepted jobs are in Redis alone', advice }];
  }
  const store = createObjectStore({ ...storage, ...NO_RETRIES });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const log = createObjectLog({ ...journal, store, appendTimeoutMs: TIMEOUT_MS, onBucketSkipped: () => undefined });
  const buckets = await listBuckets(log, signal);
  if ('verdict' in buckets) return [buckets];
  return Promise.all(
    buckets.map((bucket) =>
      examine(`bucket ${bucket} takes the journal`, async () => {
        const key = `${journal.prefix}doctor-${randomUUID()}`;
        await store.putPrivate(bucket, key, Buffer.from('May what was accepted be kept here?'), signal);
        try {
          await store.read(bucket, key, MAX_BYTES, signal);
          await Array.fromAsync(store.list(bucket, key, signal));
        } finally {
          await store.remove(bucket, key, signal);
        }
      }),
    ),
  );
}

async function listBuckets(log: ObjectLog, signal: AbortSignal): Promise<readonly string[] | Finding> {
  try {
    return await log.listBuckets(signal);
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    const what = 'the journal can be found when Redis loses its data: no';
    const advice = `${error.message}. Name the buckets in ALLOWED_BUCKETS, or one in JOURNAL_BUCKET.`;
    return { verdict: 'fails', what, advice };
  }
}
