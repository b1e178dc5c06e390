import { JobError, isHlsPlaylistName, isHlsSegmentName } from '@tapedeck/contracts';
import {
  completeCleanup,
  isCleanupStillDue,
  loadDueCleanups,
  scheduleCleanup,
  takeTurn,
  type DueCleanup,
  type PublishedSlug,
  type Redis,
} from '@tapedeck/jobs';
import type { Logger } from '@tapedeck/runtime';
import { buildHlsKey, findPublishedNames, type ObjectStore } from '@tapedeck/transfer';

export interface CleanupOptions {
  redis: Redis;
  store: ObjectStore;
  /** Nothing younger than this is removed: it may belong to a run that is publishing. Longer than any job takes. */
  keepMs: number;
  logger: Logger;
}

const TRY_AGAIN_MS = 3_600_000;

/**
 * Removes the segments and playlists that later runs have superseded, slug by slug, once nobody can be watching them.
 *
 * What is removed was named by no playlist at that moment, and no publication replaces playlists meanwhile: it waits for
 * its turn. Doing it twice does nothing. A slug that cannot be cleaned holds up no other.
 */
export async function cleanUpSuperseded(options: CleanupOptions, signal: AbortSignal): Promise<void> {
  const { redis, logger } = options;
  for (const due of await loadDueCleanups(redis, Date.now())) {
    signal.throwIfAborted();
    try {
      await takeTurn(redis, { bucket: due.bucket, place: due.slug }, signal, () => cleanUpSlug(options, due, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof JobError && error.code === 'STORAGE_BUCKET_MISSING') {
        await completeCleanup(redis, due);
        continue;
      }
      logger.warn({ err: error, slug: due.slug }, 'superseded segments remain');
      await scheduleCleanup(redis, due, Date.now() + TRY_AGAIN_MS);
    }
  }
}

async function cleanUpSlug(options: CleanupOptions, due: DueCleanup, signal: AbortSignal): Promise<void> {
  const { redis, store, keepMs, logger } = options;
  // A publication that has begun since then moved it on.
  if (!(await isCleanupStillDue(redis, due))) return;
  const { garbage, youngestMs } = await findGarbage(options, due, signal);
  for (const key of garbage) await store.remove(due.bucket, key, signal);
  if (garbage.length > 0) logger.info({ slug: due.slug, removed: garbage.length }, 'superseded segments removed');
  // A publication that died has left what is too young for today.
  if (youngestMs === undefined) await completeCleanup(redis, due);
  else await scheduleCleanup(redis, due, youngestMs + keepMs);
}

interface Garbage {
  /** Old enough to be removed. */
  garbage: string[];
  /** When the youngest of those that nobody names, but that are too young, was written. */
  youngestMs: number | undefined;
}

/** Only what a run of ours can have written, one directory below the slug: another slug may begin with this one's name. */
async function findGarbage(
  { store, keepMs }: CleanupOptions,
  { bucket, slug }: PublishedSlug,
  signal: AbortSignal,
): Promise<Garbage> {
  const named = await findPublishedNames(store, { bucket, slug }, signal);
  const oldestMs = Date.now() - keepMs;
  const prefix = buildHlsKey(slug, '');
  const garbage: string[] = [];
  let youngestMs: number | undefined;
  for await (const { key, modifiedAtMs } of store.list(bucket, prefix, signal)) {
    const name = key.slice(prefix.length);
    const isOurs = isHlsPlaylistName(name) || isHlsSegmentName(name);
    if (!isOurs || named.has(name)) continue;
    if (modifiedAtMs < oldestMs) garbage.push(key);
    else youngestMs = Math.max(youngestMs ?? 0, modifiedAtMs);
  }
  return { garbage, youngestMs };
}
