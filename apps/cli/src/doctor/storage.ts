import { JobError } from '@tapedeck/contracts';
import type { Storage } from '@tapedeck/runtime';
import { createBucketKeeper, createObjectStore, UPLOAD_EXPIRY_DAYS } from '@tapedeck/transfer';
import type { Finding } from './finding.ts';

const TIMEOUT_MS = 60_000;
/** Whoever asks wants to hear of the first failure. */
const NO_RETRIES = { limits: { retryDelaysMs: [] } };
type SpacesStorage = Extract<Storage, { driver: 'spaces' }>;

/** Whether results can be kept. @param fix also sets the lifecycle rule where there is none */
export async function examineStorage(storage: Storage, buckets: readonly string[], fix: boolean): Promise<Finding[]> {
  const store = createObjectStore({ ...storage, ...NO_RETRIES });
  const where = storage.driver === 'local' ? `${storage.dataDir}/storage` : storage.endpoint;
  const reached = await examine(`the store at ${where}`, () => store.check(AbortSignal.timeout(TIMEOUT_MS)));
  if (storage.driver === 'local' || reached.verdict === 'fails') return [reached];
  if (buckets.length === 0) {
    return [reached, { verdict: 'warns', what: 'no bucket was tried', advice: 'Name one: --bucket NAME' }];
  }
  const findings = await Promise.all(buckets.map((bucket) => examineBucket(storage, bucket, fix)));
  return [reached, ...findings.flat()];
}

async function examineBucket(storage: SpacesStorage, bucket: string, fix: boolean): Promise<Finding[]> {
  const keeper = createBucketKeeper({ ...storage, ...NO_RETRIES });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const written = await examine(`bucket ${bucket}: public objects`, () => keeper.tryWriting(bucket, signal));
  if (written.verdict === 'fails') return [written];
  const expiry = await examine(`bucket ${bucket}: forgotten uploads end by a lifecycle rule`, async () => {
    if (fix && !(await keeper.expiresUploads(bucket, signal))) await keeper.expireUploads(bucket, signal);
    return keeper.expiresUploads(bucket, signal);
  });
  return [written, expiry];
}

/** @param look answers false for what works but should be otherwise */
async function examine(what: string, look: () => Promise<unknown>): Promise<Finding> {
  try {
    if ((await look()) !== false) return { verdict: 'ok', what };
    const advice = `--fix sets one: what nobody has ended in ${UPLOAD_EXPIRY_DAYS} days is removed, whoever began it.`;
    return { verdict: 'warns', what: `${what}: there is none`, advice };
  } catch (error) {
    return { verdict: 'fails', what, advice: error instanceof JobError ? error.message : 'It cannot be used.' };
  }
}
