import type { StorageConfig } from '@tapedeck/runtime';
import {
  createBucketAdmin,
  createObjectStore,
  UPLOAD_EXPIRY_DAYS,
  type BucketAdmin,
  type ObjectStore,
} from '@tapedeck/transfer';
import { examine, NO_RETRIES } from './examine.ts';
import type { Finding } from './finding.ts';

const TIMEOUT_MS = 60_000;
type SpacesConfig = Extract<StorageConfig, { driver: 'spaces' }>;

/** Whether results can be kept. @param fix also sets the lifecycle rule where there is none */
export async function examineStorage(
  storage: StorageConfig,
  buckets: readonly string[],
  fix: boolean,
): Promise<Finding[]> {
  const store = createObjectStore({ ...storage, ...NO_RETRIES });
  const where = storage.driver === 'local' ? `below DATA_DIR (${storage.dataDir})` : `at ${storage.endpoint}`;
  const reached = await examine(`the store ${where} answers`, () => store.check(AbortSignal.timeout(TIMEOUT_MS)));
  if (storage.driver === 'local' || reached.verdict === 'fails') return [reached];
  if (buckets.length === 0) {
    return [reached, { verdict: 'warns', what: 'no bucket was tried', advice: 'Name one: --bucket NAME' }];
  }
  const findings = await Promise.all(buckets.map((bucket) => examineBucket(storage, store, bucket, fix)));
  return [reached, ...findings.flat()];
}

async function examineBucket(
  storage: SpacesConfig,
  store: ObjectStore,
  bucket: string,
  fix: boolean,
): Promise<Finding[]> {
  const admin = createBucketAdmin({ ...storage, ...NO_RETRIES });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let address = '';
  let status: number | string = '';
  const tried = await examine(`bucket ${bucket} takes public objects`, () =>
    admin.tryOut(
      bucket,
      async (key) => {
        address = store.publicUrl(bucket, key);
        status = await fetchStatus(address, signal);
      },
      signal,
    ),
  );
  if (tried.verdict === 'fails') return [tried];
  return [tried, judgeAddress(bucket, address, status), await examineExpiry(admin, bucket, fix, signal)];
}

/** Whether those who are told of a result find it. */
function judgeAddress(bucket: string, address: string, status: number | string): Finding {
  const what = `results in bucket ${bucket} can be fetched at ${address.replace(/[^/]*$/, '…')}`;
  if (status === 200) return { verdict: 'ok', what };
  const advice =
    'The URLs in callbacks come of SPACES_PUBLIC_BASE_URL, else of SPACES_ENDPOINT (the region, without a bucket in it) ' +
    'and SPACES_FORCE_PATH_STYLE. Or this machine cannot reach what others can.';
  return { verdict: 'warns', what: `${what}: no, ${status}`, advice };
}

async function fetchStatus(address: string, signal: AbortSignal): Promise<number | string> {
  try {
    const answer = await fetch(address, { signal });
    await answer.body?.cancel();
    return answer.status;
  } catch {
    return 'no answer';
  }
}

async function examineExpiry(admin: BucketAdmin, bucket: string, fix: boolean, signal: AbortSignal): Promise<Finding> {
  const what = `bucket ${bucket} has a lifecycle rule for incomplete uploads`;
  let hasRule = false;
  const asked = await examine(what, async () => {
    if (fix && !(await admin.hasExpiryRule(bucket, signal))) await admin.addExpiryRule(bucket, signal);
    hasRule = await admin.hasExpiryRule(bucket, signal);
  });
  if (asked.verdict === 'fails' || hasRule) return asked;
  const advice = fix
    ? 'The store took one, and does not have it.'
    : `--fix sets one: what nobody has completed in ${UPLOAD_EXPIRY_DAYS} days is removed, whoever began it.`;
  return { verdict: 'warns', what: `bucket ${bucket} has no lifecycle rule for incomplete uploads`, advice };
}
