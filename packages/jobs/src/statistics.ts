import { JOB_KINDS, JOB_STATUSES, type JobKind, type JobStatus } from '@tapedeck/contracts';
import type { Backend } from './backend.ts';
import { keys } from './keys.ts';
import { loadTallies } from './tallies.ts';
import type { Redis } from './redis.ts';

export interface Statistics {
  /** Jobs that there are a record of. */
  total: number;
  byStatus: Record<JobStatus, number>;
  /** Of those, the ones accepted since midnight, UTC. */
  today: number;
  /** Completed of those that were completed or failed, 0 to 1; undefined while there are none. */
  successRate: number | undefined;
  /** From the first attempt to the completion, of all that were ever completed; undefined while there are none. */
  averageConversionSec: number | undefined;
  /** Jobs that wait for a worker. */
  queueLength: number;
  /** Of results that are published and were not removed. */
  storageBytes: number;
}

export async function loadStatistics({ redis, queues }: Backend): Promise<Statistics> {
  const midnightMs = new Date().setUTCHours(0, 0, 0, 0);
  const [counts, today, { histograms }, storageBytes, { conversions }] = await Promise.all([
    countByStatus(redis),
    countCreatedSince(redis, midnightMs),
    loadTallies(redis),
    loadStoredBytes(redis),
    queues.countEntries(),
  ]);
  const byStatus = Object.fromEntries(
    JOB_STATUSES.map((status) => [status, sum(JOB_KINDS.map((kind) => counts[kind][status]))]),
  ) as Record<JobStatus, number>;
  const { completed, failed } = byStatus;
  const conversionSec = histograms.conversion_seconds;
  const conversionCount = sum(conversionSec.map(({ buckets }) => buckets.at(-1)!.count));
  return {
    total: sum(Object.values(byStatus)),
    byStatus,
    today,
    successRate: completed + failed > 0 ? completed / (completed + failed) : undefined,
    averageConversionSec:
      conversionCount > 0 ? sum(conversionSec.map((series) => series.sum)) / conversionCount : undefined,
    queueLength: conversions.waiting + conversions.delayed,
    storageBytes,
  };
}

export type JobCounts = Readonly<Record<JobKind, Readonly<Record<JobStatus, number>>>>;

/** How many jobs there are of each kind in each state. */
export async function countByStatus(redis: Redis): Promise<JobCounts> {
  const rows = await Promise.all(
    JOB_KINDS.map(async (kind) => {
      const counts = await Promise.all(
        JOB_STATUSES.map(async (status) => [status, await redis.zcard(keys.created(status, kind))] as const),
      );
      return [kind, Object.fromEntries(counts)] as const;
    }),
  );
  return Object.fromEntries(rows) as JobCounts;
}

async function countCreatedSince(redis: Redis, sinceMs: number): Promise<number> {
  const lists = JOB_STATUSES.flatMap((status) => JOB_KINDS.map((kind) => keys.created(status, kind)));
  return sum(await Promise.all(lists.map((list) => redis.zcount(list, sinceMs, '+inf'))));
}

/** How many jobs have ended so since then. */
export async function countEndedSince(redis: Redis, status: JobStatus, sinceMs: number): Promise<number> {
  return sum(await Promise.all(JOB_KINDS.map((kind) => redis.zcount(keys.ended(status, kind), sinceMs, '+inf'))));
}

export async function loadStoredBytes(redis: Redis): Promise<number> {
  return Number((await redis.hget(keys.tallies, 'stored_bytes')) ?? 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
