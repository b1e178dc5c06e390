import { JobError } from '@tapedeck/contracts';
import { z } from 'zod';
import { json } from './json.ts';
import { keys } from './keys.ts';
import { createScript, type Redis } from './redis.ts';

const milliseconds = z.number().min(0);
/** How long things are kept, and when a job counts as stuck: a cleanup by hand goes by what the workers go by. */
const keepTimesSchema = z.object({
  /** Segments that a later run has replaced. */
  supersededMs: milliseconds,
  recordsMs: milliseconds,
  /** null for ever. */
  resultsMs: milliseconds.nullable(),
  /** See ReconcileLimits. */
  quietMs: milliseconds,
  stuckAfterMs: milliseconds,
});
export type KeepTimes = z.output<typeof keepTimesSchema>;

const signSchema = z.object({
  workerId: z.string(),
  /** The API has started it, because it saw no other. */
  isStandIn: z.boolean().default(false),
  /** Jobs it is running now. */
  busy: z.number().int(),
  /** Those. A version that did not say so may run some. */
  jobIds: z.array(z.string()).readonly().default([]),
  /** Takes no other job. A version that did not say so cannot be told to. */
  isPaused: z.boolean().default(false),
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
  keep: keepTimesSchema.optional(),
});
export type SignOfLife = z.output<typeof signSchema>;

/** Three missed signs and a worker counts as gone. */
export const SIGN_INTERVAL_MS = 5_000;
const SIGN_TTL_MS = 3 * SIGN_INTERVAL_MS + 1_000;
/** Somebody has heard of it by then, or nobody ever will. */
const FORGET_LOST_MS = 24 * 3_600_000;
/** While a worker lives, that it is paused is remembered; one that vanished comes back as another. */
const PAUSE_TTL_MS = 24 * 3_600_000;

/**
 * A worker that nobody has heard of yet takes the place of one that was lost: whoever starts one in its stead has mended
 * it. So does a scale-up, which cannot be told from that.
 *
 * KEYS worker, signs, paused; ARGV workerId, nowMs, lost before, sign, ttlMs, forgotten before, workerKeyPrefix,
 *   pause's ttlMs. Answers 1 when it is to be paused.
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
  return redis.call('PEXPIRE', KEYS[3], ARGV[8])
  `,
);

/** @returns whether somebody has paused it */
export async function reportAlive(redis: Redis, sign: SignOfLife): Promise<boolean> {
  const { workerId, isStandIn } = sign;
  const nowMs = Date.now();
  const isToPause = await SIGN.run(
    redis,
    [keys.worker(workerId), isStandIn ? keys.standInSigns : keys.signs, keys.paused(workerId)],
    [
      ...[workerId, nowMs, nowMs - SIGN_TTL_MS, JSON.stringify(sign), SIGN_TTL_MS, nowMs - FORGET_LOST_MS],
      ...[keys.worker(''), PAUSE_TTL_MS],
    ],
  );
  return isToPause === 1;
}

/** KEYS worker, paused; ARGV workerId, channel, ttlMs or '' to resume. Answers 0 where the worker is not alive. */
const PAUSE = createScript(
  `
  if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
  if ARGV[3] == '' then redis.call('DEL', KEYS[2])
  else redis.call('SET', KEYS[2], '1', 'PX', ARGV[3]) end
  redis.call('PUBLISH', ARGV[2], ARGV[1])
  return 1
  `,
);

/**
 * The worker takes no other job, goes on with those that it runs, and with callbacks. It hears of that at once, by a
 * message, and at its next sign of life if the message is lost. Whoever starts it again starts one that is not paused.
 * @throws JobError NOT_FOUND where no such worker is alive
 */
export async function pauseWorker(redis: Redis, workerId: string): Promise<void> {
  await setPaused(redis, workerId, PAUSE_TTL_MS);
}

/** @throws JobError NOT_FOUND where no such worker is alive */
export async function resumeWorker(redis: Redis, workerId: string): Promise<void> {
  await setPaused(redis, workerId, '');
}

async function setPaused(redis: Redis, workerId: string, ttl: number | ''): Promise<void> {
  const found = await PAUSE.run(redis, [keys.worker(workerId), keys.paused(workerId)], [workerId, keys.pauses, ttl]);
  if (found !== 1) throw new JobError('NOT_FOUND', 'no worker that is alive has this id');
}

/** Calls back whenever the worker may have been paused or resumed, until the connection is closed, which is the listener's own. */
export async function listenForPauses(redis: Redis, workerId: string, onChange: () => void): Promise<void> {
  redis.on('message', (channel: string, id: string) => {
    if (channel === keys.pauses && id === workerId) onChange();
  });
  await redis.subscribe(keys.pauses);
}

/** A good-bye: nobody will miss it. */
export async function reportGone(redis: Redis, workerId: string): Promise<void> {
  const transaction = redis.multi().del(keys.worker(workerId), keys.paused(workerId));
  await transaction.zrem(keys.signs, workerId).zrem(keys.standInSigns, workerId).exec();
}

export interface Fleet {
  /** Without stand-ins: those take no worker's place, and nobody is to miss them. */
  alive: SignOfLife[];
  standIns: SignOfLife[];
  /** Who is silent, has said no good-bye, and was not replaced, by their ids. */
  lost: string[];
}

/** @param silentMs since when they must be silent to count as lost; at once, where nothing is said */
export async function loadFleet(redis: Redis, silentMs = 0): Promise<Fleet> {
  const [workers, standIns] = await Promise.all([
    loadSigned(redis, keys.signs, silentMs),
    loadSigned(redis, keys.standInSigns),
  ]);
  return { ...workers, standIns: standIns.alive };
}

async function loadSigned(redis: Redis, signsKey: string, silentMs = 0): Promise<Omit<Fleet, 'standIns'>> {
  const rows = await redis.zrange(signsKey, '0', '-1', 'WITHSCORES');
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

/** All that convert, stand-ins among them. */
export async function listConverting(redis: Redis): Promise<SignOfLife[]> {
  const { alive, standIns } = await loadFleet(redis);
  return [...alive, ...standIns];
}
