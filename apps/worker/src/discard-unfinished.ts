import { isHlsName, JobError } from '@tapedeck/contracts';
import { forgetAnnouncement, loadAnnouncements, type Announcement, type Places, type Redis } from '@tapedeck/jobs';
import type { Logger } from '@tapedeck/runtime';
import { buildHlsKey, type ObjectStore } from '@tapedeck/transfer';

export interface DiscardOptions {
  redis: Redis;
  store: ObjectStore;
  logger: Logger;
}

/**
 * Removes from the store what attempts that are over have begun and not ended: a worker was killed in the middle of a
 * put, or the answer to its beginning was lost. Run by every worker; doing it twice does nothing.
 *
 * What a live attempt may be putting is never touched: an attempt announces itself before its first put, so whatever is
 * listed belongs to an attempt that was announced before, and who is live is asked after the listing.
 */
export async function discardUnfinished(options: DiscardOptions, signal: AbortSignal): Promise<void> {
  const { redis, logger } = options;
  for (const announcement of (await loadAnnouncements(redis)).over) {
    signal.throwIfAborted();
    try {
      await discardOf(options, announcement, signal);
      await forgetAnnouncement(redis, announcement);
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ err: error, jobId: announcement.jobId }, 'unfinished uploads remain');
      // A bucket that is gone, or no longer ours, has nothing for us to remove.
      if (error instanceof JobError && !error.retryable) await forgetAnnouncement(redis, announcement);
    }
  }
}

async function discardOf({ redis, store, logger }: DiscardOptions, over: Announcement, signal: AbortSignal) {
  const { bucket, places, jobId } = over;
  const unfinished = [];
  for (const prefix of prefixesOf(places)) {
    for await (const put of store.listUnfinished(bucket, prefix, signal)) {
      if (covers(places, put.key)) unfinished.push(put);
    }
  }
  if (unfinished.length === 0) return;
  const live = (await loadAnnouncements(redis)).live.filter((other) => other.bucket === bucket);
  const dead = unfinished.filter(({ key }) => !live.some((other) => covers(other.places, key)));
  for (const put of dead) await store.discard(bucket, put, signal);
  logger.info({ jobId, discarded: dead.length }, 'unfinished uploads removed');
}

function prefixesOf(places: Places): string[] {
  return 'keys' in places ? places.keys : [buildHlsKey(places.slug, '')];
}

function covers(places: Places, key: string): boolean {
  if ('keys' in places) return places.keys.includes(key);
  const prefix = buildHlsKey(places.slug, '');
  return key.startsWith(prefix) && isHlsName(key.slice(prefix.length));
}
