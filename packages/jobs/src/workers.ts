import { z } from 'zod';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

const signSchema = z.object({
  workerId: z.string(),
  /** Jobs it is running now. */
  busy: z.number().int(),
  ffmpegVersion: z.string().nullable(),
  /** What keeps its FFmpeg in its place, and what it could not have there. */
  protections: z.object({ held: z.array(z.string()).readonly(), missing: z.array(z.string()).readonly() }),
  /** Free space below WORK_DIR. */
  freeDiskBytes: z.number(),
  version: z.string(),
});
export type SignOfLife = z.output<typeof signSchema>;

/** Three missed signs and a worker counts as gone. */
export const SIGN_INTERVAL_MS = 5_000;
const SIGN_TTL_MS = 3 * SIGN_INTERVAL_MS + 1_000;

export async function reportAlive(redis: Redis, sign: SignOfLife): Promise<void> {
  const key = keys.worker(sign.workerId);
  await redis.multi().set(key, JSON.stringify(sign), 'PX', SIGN_TTL_MS).sadd(keys.workers, sign.workerId).exec();
}

export async function reportGone(redis: Redis, workerId: string): Promise<void> {
  await redis.multi().del(keys.worker(workerId)).srem(keys.workers, workerId).exec();
}

/** The workers that are alive now. Forgets those whose sign ran out. */
export async function listWorkers(redis: Redis): Promise<SignOfLife[]> {
  const workerIds = await redis.smembers(keys.workers);
  if (workerIds.length === 0) return [];
  const signs = await redis.mget(workerIds.map(keys.worker));
  const gone = workerIds.filter((_, index) => !signs[index]);
  if (gone.length > 0) await redis.srem(keys.workers, gone);
  return signs.filter((sign) => sign !== null).map((sign) => signSchema.parse(JSON.parse(sign)));
}
