import { isHlsPlaylistName, isHlsSegmentName, JobError } from '@tapedeck/contracts';
import {
  completeCleanup,
  isCleanupStillDue,
  loadDueCleanups,
  scheduleCleanup,
  takeTurn,
  type DueCleanup,
  type PublishedSlug,
} from '@tapedeck/jobs';
import { inLanes } from '@tapedeck/runtime';
import { buildHlsKey, findPublishedNames } from '@tapedeck/transfer';
import { orNoTurn } from './result-files.ts';
import { describeFailure, type Results, type UpkeepOptions } from './upkeep.ts';

export interface SupersededOptions extends Pick<Results, 'redis' | 'store'>, UpkeepOptions {
  /** Nothing younger than this is removed: it may belong to a run that is publishing. Longer than any job takes. */
  keepMs: number;
  /** At most so many slugs, for now. */
  limit?: number;
}

const TRY_AGAIN_MS = 3_600_000;
const SLUG_TIMEOUT_MS = 5 * 60_000;

/**
 * Removes the segments and playlists that later runs have superseded, slug by slug, once nobody can be watching them.
 *
 * What is removed was named by no playlist at that moment, and no publication replaces playlists meanwhile: it waits for
 * its turn. Doing it twice does nothing. A slug that cannot be cleaned holds up no other.
 */
export async function cleanUpSuperseded(options: SupersededOptions): Promise<void> {
  const { redis, dryRun, signal, limit = Infinity } = options;
  const nowMs = Date.now();
  for (let done = 0; done < limit;) {
    // Those that are done are not due any more.
    const page = await loadDueCleanups(redis, nowMs, dryRun ? done : 0);
    if (page.length === 0) return;
    for (const due of page) {
      signal.throwIfAborted();
      await cleanUpOrPostpone(options, due);
    }
    done += page.length;
  }
}

async function cleanUpOrPostpone(options: SupersededOptions, due: DueCleanup): Promise<void> {
  const { redis, dryRun, onDeed, signal } = options;
  const about = `${due.bucket}/${due.slug}`;
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(SLUG_TIMEOUT_MS)]);
  try {
    const work = () => cleanUpSlug({ ...options, signal: inTime }, due);
    if (dryRun) await work();
    else await takeTurn(redis, { bucket: due.bucket, place: due.slug }, inTime, work).catch(orNoTurn);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof JobError && error.code === 'STORAGE_BUCKET_MISSING') {
      if (!dryRun) await completeCleanup(redis, due);
      return;
    }
    if (!dryRun) await scheduleCleanup(redis, due, Date.now() + TRY_AGAIN_MS);
    onDeed({ outcome: 'failed', about, what: `remove superseded segments: ${describeFailure(error)}` });
  }
}

async function cleanUpSlug(options: SupersededOptions, due: DueCleanup): Promise<void> {
  const { redis, store, keepMs, dryRun, onDeed, signal } = options;
  // A publication that has begun since then moved it on.
  if (!(await isCleanupStillDue(redis, due))) return;
  const { garbage, sizeBytes, youngestMs } = await findGarbage(options, due);
  if (!dryRun) {
    await inLanes(garbage, (key) => store.remove(due.bucket, key, signal));
    // A publication that died has left what is too young for today.
    if (youngestMs === undefined) await completeCleanup(redis, due);
    else await scheduleCleanup(redis, due, youngestMs + keepMs);
  }
  if (garbage.length === 0) return;
  const what = `remove ${garbage.length} superseded segments and playlists`;
  onDeed({ outcome: 'done', about: `${due.bucket}/${due.slug}`, what, sizeBytes });
}

interface Garbage {
  /** Old enough to be removed. */
  garbage: string[];
  sizeBytes: number;
  /** When the youngest of those that nobody names, but that are too young, was written. */
  youngestMs: number | undefined;
}

/** Only what a run of ours can have written, one directory below the slug: another slug may begin with this one's name. */
async function findGarbage(
  { store, keepMs, signal }: SupersededOptions,
  { bucket, slug }: PublishedSlug,
): Promise<Garbage> {
  const named = await findPublishedNames(store, { bucket, slug }, signal);
  const oldestMs = Date.now() - keepMs;
  const prefix = buildHlsKey(slug, '');
  const found: Garbage = { garbage: [], sizeBytes: 0, youngestMs: undefined };
  for await (const { key, sizeBytes, modifiedAtMs } of store.list(bucket, prefix, signal)) {
    const name = key.slice(prefix.length);
    const isOurs = isHlsPlaylistName(name) || isHlsSegmentName(name);
    if (!isOurs || named.has(name)) continue;
    if (modifiedAtMs >= oldestMs) found.youngestMs = Math.max(found.youngestMs ?? 0, modifiedAtMs);
    else {
      found.garbage.push(key);
      found.sizeBytes += sizeBytes;
    }
  }
  return found;
}
