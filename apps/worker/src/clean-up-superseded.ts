import { dirname } from 'node:path/posix';
import { completeCleanup, isCleanupStillDue, loadDueCleanups, type PublishedSlug, type Redis } from '@tapedeck/jobs';
import { parsePlaylistUris } from '@tapedeck/media';
import type { Logger } from '@tapedeck/runtime';
import { buildHlsKey, MASTER_NAME, type ObjectStore } from '@tapedeck/transfer';

export interface CleanupOptions {
  redis: Redis;
  store: ObjectStore;
  /** Nothing younger than this is removed: it may belong to a run that is publishing. */
  keepMs: number;
  logger: Logger;
}

/**
 * Removes the segments and playlists that later runs have superseded, slug by slug, once nobody can be watching them.
 *
 * What is removed was named by no playlist at a moment when no publication had begun since it became due: the question
 * "still due?" comes after the playlists were read. Run by every worker; doing it twice does nothing.
 */
export async function cleanUpSuperseded(options: CleanupOptions, signal: AbortSignal): Promise<void> {
  const { redis, store, logger } = options;
  for (const due of await loadDueCleanups(redis, Date.now())) {
    signal.throwIfAborted();
    const garbage = await findGarbage(options, due, signal);
    if (!(await isCleanupStillDue(redis, due))) continue;
    for (const key of garbage) await store.remove(due.bucket, key, signal);
    await completeCleanup(redis, due);
    if (garbage.length > 0) logger.info({ slug: due.slug, removed: garbage.length }, 'superseded segments removed');
  }
}

const MAX_PLAYLIST_BYTES = 16 * 1024 * 1024;

/** Only what a run of ours can have written, one directory below the slug: another slug may begin with this one's name. */
const OURS = /^[^/]+\/(?:[0-9a-f]{12}-\d+\.ts|playlist\.m3u8)$/;

async function findGarbage(
  { store, keepMs }: CleanupOptions,
  target: PublishedSlug,
  signal: AbortSignal,
): Promise<string[]> {
  const { bucket, slug } = target;
  const named = await findNamed(store, target, signal);
  // Without a master there is no stream yet; an attempt may be about to publish the first one.
  const oldestMs = Date.now() - keepMs;
  const garbage: string[] = [];
  const prefix = buildHlsKey(slug, '');
  for await (const { key, modifiedAtMs } of store.list(bucket, prefix, signal)) {
    const name = key.slice(prefix.length);
    if (OURS.test(name) && !named.has(name) && modifiedAtMs < oldestMs) garbage.push(key);
  }
  return garbage;
}

/** Names below the slug that the published master leads to. */
async function findNamed(
  store: ObjectStore,
  { bucket, slug }: PublishedSlug,
  signal: AbortSignal,
): Promise<Set<string>> {
  const readUris = async (name: string): Promise<string[]> => {
    const content = await store.read(bucket, buildHlsKey(slug, name), MAX_PLAYLIST_BYTES, signal);
    return content ? parsePlaylistUris(content.toString('utf8')) : [];
  };
  const playlists = await readUris(MASTER_NAME);
  const named = new Set(playlists);
  for (const playlist of playlists) {
    for (const uri of await readUris(playlist)) named.add(`${dirname(playlist)}/${uri}`);
  }
  return named;
}
