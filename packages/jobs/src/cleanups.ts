import { keys } from './keys.ts';
import { createScript, type Redis } from './redis.ts';

/** Where the objects of a stream lie. */
export interface PublishedSlug {
  bucket: string;
  slug: string;
}

export interface DueCleanup extends PublishedSlug {
  /** When it became due; another publication moves it on. */
  dueAtMs: number;
}

/**
 * Asks for a cleanup, or moves the one that is waiting to later: a publication calls this before it replaces anything,
 * so what it supersedes stays for the whole time that players may need it. Never moved to sooner.
 */
export async function scheduleCleanup(redis: Redis, { bucket, slug }: PublishedSlug, dueAtMs: number): Promise<void> {
  await redis.zadd(keys.cleanups, 'GT', dueAtMs, JSON.stringify([bucket, slug]));
}

const PAGE = 100;

/** The next hundred. @param offset how many of those that are due to leave out */
export async function loadDueCleanups(redis: Redis, nowMs: number, offset = 0): Promise<DueCleanup[]> {
  const rows = await redis.zrangebyscore(keys.cleanups, 0, nowMs, 'WITHSCORES', 'LIMIT', offset, PAGE);
  const due: DueCleanup[] = [];
  for (let at = 0; at + 1 < rows.length; at += 2) {
    const [bucket, slug] = JSON.parse(rows[at]!) as [string, string];
    due.push({ bucket, slug, dueAtMs: Number(rows[at + 1]) });
  }
  return due;
}

/** False when a publication has begun since it became due. */
export async function isCleanupStillDue(redis: Redis, { bucket, slug, dueAtMs }: DueCleanup): Promise<boolean> {
  return Number(await redis.zscore(keys.cleanups, JSON.stringify([bucket, slug]))) === dueAtMs;
}

/** KEYS cleanups; ARGV member, score */
const COMPLETE = createScript(
  `
  if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or -1) ~= tonumber(ARGV[2]) then return 0 end
  return redis.call('ZREM', KEYS[1], ARGV[1])
  `,
);

/** Forgets a cleanup that was carried out, unless it was asked for again meanwhile. */
export async function completeCleanup(redis: Redis, { bucket, slug, dueAtMs }: DueCleanup): Promise<void> {
  await COMPLETE.run(redis, [keys.cleanups], [JSON.stringify([bucket, slug]), dueAtMs]);
}
