import { randomUUID } from 'node:crypto';
import { JobError } from '@tapedeck/contracts';
import type { JournalConfig, StorageConfig } from '@tapedeck/runtime';
import { createObjectStore, type ObjectStore } from '@tapedeck/transfer';
import { examine, NO_RETRIES } from './examine.ts';
import type { Finding } from './finding.ts';

const TIMEOUT_MS = 60_000;

/** Whether what is accepted outlives Redis. */
export async function examineJournal(storage: StorageConfig, journal: JournalConfig | undefined): Promise<Finding[]> {
  if (!journal) {
    const advice = 'JOB_JOURNAL is off: what Redis loses is lost.';
    return [{ verdict: 'warns', what: 'accepted jobs are in Redis alone', advice }];
  }
  const store = createObjectStore({ ...storage, ...NO_RETRIES });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const buckets = await listBuckets(store, journal, signal);
  if ('verdict' in buckets) return [buckets];
  return Promise.all(
    buckets.map((bucket) =>
      examine(`bucket ${bucket} takes the journal`, async () => {
        const key = `${journal.prefix}doctor-${randomUUID()}`;
        await store.putPrivate(bucket, key, Buffer.from('May what was accepted be kept here?'), signal);
        await store.remove(bucket, key, signal);
      }),
    ),
  );
}

/** Those that a worker looks into when Redis has lost its data. */
async function listBuckets(
  store: ObjectStore,
  { bucket, buckets }: JournalConfig,
  signal: AbortSignal,
): Promise<readonly string[] | Finding> {
  try {
    return bucket === undefined ? (buckets ?? (await store.listBuckets(signal))) : [bucket];
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    const what = 'the journal can be found when Redis loses its data: no';
    const advice = `${error.message}. Name the buckets in ALLOWED_BUCKETS, or one in JOURNAL_BUCKET.`;
    return { verdict: 'fails', what, advice };
  }
}
