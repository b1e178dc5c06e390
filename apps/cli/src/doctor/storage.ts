import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
import { systemCodeOf } from '../system-code.ts';

const TIMEOUT_MS = 60_000;
type SpacesConfig = Extract<StorageConfig, { driver: 'spaces' }>;

/** Whether results can be kept, and found. @param fix also sets the rules that a bucket lacks */
export async function examineStorage(
  storage: StorageConfig,
  buckets: readonly string[],
  fix: boolean,
): Promise<Finding[]> {
  const store = createObjectStore({ ...storage, ...NO_RETRIES });
  const where = storage.driver === 'local' ? `below DATA_DIR (${storage.dataDir})` : `at ${storage.endpoint}`;
  const reached = await examine(`the store ${where} answers`, () => store.check(AbortSignal.timeout(TIMEOUT_MS)));
  if (reached.verdict === 'fails') return [reached];
  if (storage.driver === 'local') return [reached, await tryDir(storage.dataDir)];
  if (buckets.length === 0) {
    return [reached, { verdict: 'warns', what: 'no bucket was tried', advice: 'Name one: --bucket NAME' }];
  }
  const findings = await Promise.all(buckets.map((bucket) => examineBucket(storage, store, bucket, fix)));
  return [reached, ...findings.flat()];
}

/** A page that plays results and is nobody's. */
const FOREIGN_ORIGIN = 'https://player.example';

interface Reach {
  status: number | string;
  /** Whether a page of another origin may read the answer. */
  isOpen: boolean;
}

/** Writes, reads and removes a file, as the local store does. */
async function tryDir(dataDir: string): Promise<Finding> {
  const what = `files can be written, read and removed below DATA_DIR (${dataDir})`;
  try {
    const dir = await mkdtemp(join(dataDir, '.tapedeck-trial-'));
    const path = join(dir, 'object');
    const content = randomUUID();
    await writeFile(path, content, { flush: true });
    const isSame = (await readFile(path, 'utf8')) === content;
    await rm(dir, { recursive: true });
    if (isSame) return { verdict: 'ok', what };
    return { verdict: 'fails', what: `${what}: no`, advice: 'What was read is not what was written: check the disk.' };
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === undefined) throw error;
    return {
      verdict: 'fails',
      what: `${what}: no, ${code}`,
      advice: 'Make room, or let this user write.',
    };
  }
}

async function examineBucket(
  storage: SpacesConfig,
  store: ObjectStore,
  bucket: string,
  fix: boolean,
): Promise<Finding[]> {
  const admin = createBucketAdmin({ ...storage, ...NO_RETRIES });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const reached: Finding[] = [];
  const tried = await examine(`bucket ${bucket} takes public objects`, () =>
    admin.tryOut(
      bucket,
      async (key) => {
        const address = store.publicUrl(bucket, key);
        const reach = await fetchAsPlayer(address, signal);
        reached.push(judgeAddress(bucket, address, reach));
        if (reach.status === 200) reached.push(await examinePlayers(admin, { bucket, address, reach, fix }, signal));
      },
      signal,
    ),
  );
  if (tried.verdict === 'fails') return [tried];
  return [tried, ...reached, await examineExpiry(admin, bucket, fix, signal)];
}

/** Whether those who are told of a result find it. */
function judgeAddress(bucket: string, address: string, { status }: Reach): Finding {
  const what = `results in bucket ${bucket} can be fetched at ${address.replace(/[^/]*$/, '…')}`;
  if (status === 200) return { verdict: 'ok', what };
  const advice =
    'The URLs in callbacks come of SPACES_PUBLIC_BASE_URL, else of SPACES_ENDPOINT (the region, without a bucket in it) ' +
    'and SPACES_FORCE_PATH_STYLE. Or this machine cannot reach what others can.';
  return { verdict: 'warns', what: `${what}: no, ${status}`, advice };
}

/** Whether a player on somebody's page may fetch playlists and segments: browsers refuse it without the store's word. */
async function examinePlayers(
  admin: BucketAdmin,
  { bucket, address, reach, fix }: { bucket: string; address: string; reach: Reach; fix: boolean },
  signal: AbortSignal,
): Promise<Finding> {
  const what = `players on other sites may fetch results in bucket ${bucket} (CORS)`;
  if (reach.isOpen) return { verdict: 'ok', what };
  const without = `${what}: no`;
  if (!fix) {
    const advice = '--fix adds a rule to the bucket that lets any site GET and HEAD what is public. HLS needs it.';
    return { verdict: 'warns', what: without, advice };
  }
  const mended = await examine(what, () => admin.addReaderRule(bucket, signal));
  if (mended.verdict === 'fails' || (await fetchAsPlayer(address, signal)).isOpen) return mended;
  const advice =
    'The store took a rule, and does not answer by it yet. Ask again in a minute; a CDN needs one of its own.';
  return { verdict: 'warns', what: without, advice };
}

async function fetchAsPlayer(address: string, signal: AbortSignal): Promise<Reach> {
  try {
    const answer = await fetch(address, { headers: { origin: FOREIGN_ORIGIN }, signal });
    await answer.body?.cancel();
    const allowed = answer.headers.get('access-control-allow-origin');
    return { status: answer.status, isOpen: allowed === '*' || allowed === FOREIGN_ORIGIN };
  } catch {
    return { status: 'no answer', isOpen: false };
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
