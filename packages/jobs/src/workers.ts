import { z } from 'zod';
import { json } from './json.ts';
import { keys } from './keys.ts';
import { createScript, type Redis } from './redis.ts';

const signSchema = z.object({
  workerId: z.string(),
  /** Jobs it is running now. */
  busy: z.number().int(),
  /** Jobs it runs at once. A version that did not say so ran one. */
  concurrency: z.number().int().min(1).default(1),
  ffmpegVersion: z.string().nullable(),
  /** What keeps its FFmpeg in its place, and what it could not have there. */
  protections: z.object({ held: z.array(z.string()).readonly(), missing: z.array(z.string()).readonly() }),
  /** Of WORK_DIR's file system. */
  freeDiskBytes: z.number(),
  totalDiskBytes: z.number().optional(),
  /** Resident, of the worker and of the FFmpegs that it runs. */
  memory: z.object({ nodeBytes: z.number(), ffmpegBytes: z.number() }).optional(),
  version: z.string(),
});
export type SignOfLife = z.output<typeof signSchema>;

/** Three missed signs and a worker counts as gone. */
export const SIGN_INTERVAL_MS = 5_000;
const SIGN_TTL_MS = 3 * SIGN_INTERVAL_MS + 1_000;
/** Somebody has heard of it by then, or nobody ever will. */
const FORGET_LOST_MS = 24 * 3_600_000;

/**
 * A worker that nobody has heard of yet takes the place of one that was lost: whoever starts one in its stead has mended
 * it. So does a scale-up, which cannot be told from that.
 *
 * KEYS worker, signs; ARGV workerId, nowMs, lost before, sign, ttlMs, forgotten before, workerKeyPrefix
 */
const SIGN = createScript(
  `
  redis.call('ZREMRANGEBYSCORE', KEYS[2], 0, ARGV[6])
  if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then
    -- Clocks differ: one whose sign is still valid is not lost.
    for _, lost in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], 0, ARGV[3])) do
      if redis.call('EXISTS', ARGV[7] .. lost) == 0 then
        redis.call('ZREM', KEYS[2], lost)
        break
      end
    end
  end
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
  redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
  `,
);

export async function reportAlive(redis: Redis, sign: SignOfLife): Promise<void> {
  const { workerId } = sign;
  const nowMs = Date.now();
  await SIGN.run(
    redis,
    [keys.worker(workerId), keys.signs],
    [
      ...[workerId, nowMs, nowMs - SIGN_TTL_MS, JSON.stringify(sign), SIGN_TTL_MS, nowMs - FORGET_LOST_MS],
      keys.worker(''),
    ],
  );
}

/** A good-bye: nobody will miss it. */
export async function reportGone(redis: Redis, workerId: string): Promise<void> {
  await redis.multi().del(keys.worker(workerId)).zrem(keys.signs, workerId).exec();
}

export interface Fleet {
  alive: SignOfLife[];
  /** Who is silent, has said no good-bye, and was not replaced, by their ids. */
  lost: string[];
}

/** @param silentMs since when they must be silent to count as lost; at once, where nothing is said */
export async function loadFleet(redis: Redis, silentMs = 0): Promise<Fleet> {
  const rows = await redis.zrange(keys.signs, '0', '-1', 'WITHSCORES');
  const known = Array.from({ length: rows.length / 2 }, (_, index) => ({
    workerId: rows[2 * index]!,
    signedAtMs: Number(rows[2 * index + 1]),
  }));
  if (known.length === 0) return { alive: [], lost: [] };
  // Whether a sign is still valid is for Redis to say: its clock is everybody's.
  const signs = await redis.mget(known.map(({ workerId }) => keys.worker(workerId)));
  const silent = known.filter((_, index) => signs[index] === null);
  return {
    alive: signs.filter((sign) => sign !== null).flatMap(parseSign),
    lost: silent.filter(({ signedAtMs }) => signedAtMs <= Date.now() - silentMs).map(({ workerId }) => workerId),
  };
}

/** What another version says, and this one cannot read, must not hide the others. */
function parseSign(text: string): SignOfLife[] {
  const { data } = json.pipe(signSchema).safeParse(text);
  return data ? [data] : [];
}

export async function listWorkers(redis: Redis): Promise<SignOfLife[]> {
  return (await loadFleet(redis)).alive;
}
