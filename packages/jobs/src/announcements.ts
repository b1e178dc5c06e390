import { z } from 'zod';
import { isHolder, type Attempt } from './attempts.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

/** Which keys an attempt is going to put: announced before the first, so that what a dead one leaves can be found. */
export interface Announcement {
  jobId: string;
  token: string;
  bucket: string;
  places: Places;
}

/** One or the other: a tape's results are two objects, a stream's are everything of ours below a slug. */
export type Places = { keys: string[] } | { slug: string };

const announcementSchema = z.object({
  jobId: z.string(),
  token: z.string(),
  bucket: z.string(),
  places: z.union([z.object({ keys: z.array(z.string()) }), z.object({ slug: z.string() })]),
});

export async function announcePublishing(
  redis: Redis,
  { jobId, token }: Pick<Attempt, 'jobId' | 'token'>,
  bucket: string,
  places: Places,
): Promise<void> {
  const announcement: Announcement = { jobId, token, bucket, places };
  await redis.zadd(keys.announcements, Date.now(), JSON.stringify(announcement));
}

export interface Announcements {
  /** Their attempts hold their jobs, and may be publishing now. */
  live: Announcement[];
  /** Their attempts are over, whether they ended or died. */
  over: Announcement[];
}

/** A store that could not be asked for so long has a lifecycle rule, or an operator who knows. */
const FORGET_AFTER_MS = 24 * 3_600_000;

export async function loadAnnouncements(redis: Redis): Promise<Announcements> {
  const announcements: Announcements = { live: [], over: [] };
  for (const member of await redis.zrange(keys.announcements, '0', '-1')) {
    const announcement = parse(member);
    if (announcement) announcements[(await isHolder(redis, announcement)) ? 'live' : 'over'].push(announcement);
  }
  return announcements;
}

/** Another version's announcement, which this one cannot read, is that version's to deal with. */
function parse(member: string): Announcement | undefined {
  try {
    return announcementSchema.parse(JSON.parse(member));
  } catch {
    return undefined;
  }
}

export async function forgetAnnouncement(redis: Redis, announcement: Announcement): Promise<void> {
  await redis.zrem(keys.announcements, JSON.stringify(announcement));
}

/** What nobody could deal with in a day: the set must not grow with what goes wrong. */
export async function forgetOldAnnouncements(redis: Redis): Promise<void> {
  await redis.zremrangebyscore(keys.announcements, 0, Date.now() - FORGET_AFTER_MS);
}
