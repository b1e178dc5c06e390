import { isHlsName, JobError } from '@tapedeck/contracts';
import {
  forgetAnnouncement,
  forgetOldAnnouncements,
  loadAnnouncements,
  type Announcement,
  type Places,
  type Redis,
} from '@tapedeck/jobs';
import type { Logger } from '@tapedeck/runtime';
import { buildHlsKey, type ObjectStore } from '@tapedeck/transfer';

export interface AbortOptions {
  redis: Redis;
  store: ObjectStore;
  logger: Logger;
}

/**
 * Aborts the incomplete uploads of attempts that are over: a worker was killed in the middle of one, or the answer to
 * its beginning was lost. Doing it twice does nothing.
 *
 * What a live attempt may be putting is never touched: an attempt announces itself before its first put, so whatever is
 * listed belongs to an attempt that was announced before, and who is live is asked after the listing.
 */
export async function abortDeadUploads(options: AbortOptions, signal: AbortSignal): Promise<void> {
  const { redis, logger } = options;
  for (const announcement of (await loadAnnouncements(redis)).over) {
    signal.throwIfAborted();
    try {
      await abortUploadsOf(options, announcement, signal);
      await forgetAnnouncement(redis, announcement);
    } catch (error) {
      signal.throwIfAborted();
      if (isBucketMissing(error)) {
        await forgetAnnouncement(redis, announcement);
        continue;
      }
      logger.warn({ err: error, jobId: announcement.jobId }, 'incomplete uploads may remain');
      // A store that is away is away for the others, too.
      if (error instanceof JobError && error.retryable) break;
    }
  }
  await forgetOldAnnouncements(redis);
}

/** What a live attempt's announcement covers as well is left to that one: it will be over some day, too. */
async function abortUploadsOf({ redis, store, logger }: AbortOptions, over: Announcement, signal: AbortSignal) {
  const { bucket, places, jobId } = over;
  const incomplete = [];
  for (const prefix of prefixesOf(places)) {
    for await (const upload of store.listIncompleteUploads(bucket, prefix, signal)) {
      if (covers(places, upload.key)) incomplete.push(upload);
    }
  }
  if (incomplete.length === 0) return;
  const live = (await loadAnnouncements(redis)).live.filter((other) => other.bucket === bucket);
  const dead = incomplete.filter(({ key }) => !live.some((other) => covers(other.places, key)));
  for (const upload of dead) await store.abortUpload(bucket, upload, signal);
  if (dead.length > 0) logger.info({ jobId, aborted: dead.length }, 'incomplete uploads aborted');
}

function prefixesOf(places: Places): string[] {
  return 'keys' in places ? places.keys : [buildHlsKey(places.slug, '')];
}

function covers(places: Places, key: string): boolean {
  if ('keys' in places) return places.keys.includes(key);
  const prefix = buildHlsKey(places.slug, '');
  return key.startsWith(prefix) && isHlsName(key.slice(prefix.length));
}

function isBucketMissing(error: unknown): boolean {
  return error instanceof JobError && error.code === 'STORAGE_BUCKET_MISSING';
}
