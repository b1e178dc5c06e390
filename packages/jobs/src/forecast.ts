import { estimateMegapixels, JOB_KINDS, type JobKind } from '@tapedeck/contracts';
import { z } from 'zod';
import type { SpeedSample } from './bookkeeping.ts';
import { loadRunning } from './find-jobs.ts';
import { keys } from './keys.ts';
import type { JobRecord } from './record.ts';
import type { Redis } from './redis.ts';
import { listConverting } from './workers.ts';

/** When jobs will be done, as far as recent ones tell. */
export interface Forecast {
  /**
   * Unix time in ms, or undefined where nothing was measured yet, nobody works, or the job waits for another attempt.
   * @param position in the queue, 1 is next; null for one that is not in it
   */
  completionOf(record: JobRecord, position: number | null): number | undefined;
}

type Speeds = Readonly<Record<JobKind, SpeedSample | undefined>>;

export async function loadForecast(redis: Redis, nowMs: number = Date.now()): Promise<Forecast> {
  const [workers, speeds, running] = await Promise.all([listConverting(redis), loadSpeeds(redis), loadRunning(redis)]);
  const slots = workers.reduce((sum, { concurrency, isPaused }) => sum + (isPaused ? 0 : concurrency), 0);
  const remainingSec = running.reduce((sum, record) => sum + (remainingOf(record, speeds, nowMs) ?? 0), 0);
  const meanSec = meanOf(JOB_KINDS.flatMap((kind) => speeds[kind] ?? []));
  const startsInSec = (position: number): number => {
    if (position <= slots - running.length) return 0;
    return (remainingSec + (position - 1) * (meanSec ?? 0)) / slots;
  };
  return {
    completionOf(record, position) {
      if (slots === 0) return undefined;
      if (record.status === 'processing') {
        const leftSec = remainingOf(record, speeds, nowMs);
        return leftSec === undefined ? undefined : nowMs + leftSec * 1000;
      }
      const ownSec = predictSec(speeds[record.request.kind], sizeOf(record));
      if (record.status !== 'queued' || position === null || ownSec === undefined) return undefined;
      return nowMs + (startsInSec(position) + ownSec) * 1000;
    },
  };
}

const sum = z.coerce.number().nonnegative();
const speedSchema = z.object({ jobs: sum.gt(0), sec: sum, megapixels: sum, squares: sum, products: sum });

async function loadSpeeds(redis: Redis): Promise<Speeds> {
  const [tape, hls] = await Promise.all((['tape', 'hls'] as const).map((kind) => redis.hgetall(keys.speed(kind))));
  return { tape: speedSchema.safeParse(tape).data, hls: speedSchema.safeParse(hls).data };
}

/** What its attempt has found, else what the request says. */
function sizeOf({ plan, request }: JobRecord): number | undefined {
  const planned = plan?.megapixels;
  return typeof planned === 'number' ? planned : estimateMegapixels(request);
}

/**
 * What a conversion of this size takes: what each has to pay, and what each megapixel costs, from the line through the
 * recent ones (least squares). Where those do not make a line, by their ratio; without a size, their mean.
 */
function predictSec(speed: SpeedSample | undefined, megapixels: number | undefined): number | undefined {
  if (!speed || megapixels === undefined || speed.megapixels === 0) return speed && meanOf([speed]);
  const { jobs, sec, squares, products } = speed;
  const spread = jobs * squares - speed.megapixels ** 2;
  const slope = spread > MIN_SPREAD * jobs * squares ? (jobs * products - speed.megapixels * sec) / spread : 0;
  const base = (sec - slope * speed.megapixels) / jobs;
  return slope > 0 && base >= 0 ? base + slope * megapixels : (sec / speed.megapixels) * megapixels;
}

/** Sizes that are nearly the same say nothing about others. */
const MIN_SPREAD = 0.01;

function meanOf(speeds: readonly SpeedSample[]): number | undefined {
  const jobs = speeds.reduce((total, one) => total + one.jobs, 0);
  return jobs > 0 ? speeds.reduce((total, one) => total + one.sec, 0) / jobs : undefined;
}

/** Before this much of the way, how far it has come says little. */
const MIN_PROGRESS = 0.2;

/** The further a job is, the more its own pace counts. */
function remainingOf(record: JobRecord, speeds: Speeds, nowMs: number): number | undefined {
  // Of this attempt, whose progress it is.
  const elapsedSec = Math.max(0, nowMs - (record.attemptStartedAtMs ?? record.startedAtMs ?? nowMs)) / 1000;
  const progress = record.progress / 100;
  const predictedSec = predictSec(speeds[record.request.kind], sizeOf(record));
  if (progress < MIN_PROGRESS) return predictedSec === undefined ? undefined : Math.max(0, predictedSec - elapsedSec);
  const ownSec = elapsedSec / progress;
  const totalSec = predictedSec === undefined ? ownSec : progress * ownSec + (1 - progress) * predictedSec;
  return Math.max(0, totalSec - elapsedSec);
}
