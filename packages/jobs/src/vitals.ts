import type { Backend } from './backend.ts';
import { loadRunning } from './find-jobs.ts';
import { inspectRedis, type RedisReport } from './inspect-redis.ts';
import { keys } from './keys.ts';
import type { EntryCounts } from './queues.ts';
import type { JobRecord } from './record.ts';
import type { Redis } from './redis.ts';
import { countEndedSince } from './statistics.ts';
import { loadFleet, type SignOfLife } from './workers.ts';

/** How the whole fleet is, at one moment: what alerts are raised from, and what operators are shown. */
export interface Vitals {
  queues: Readonly<Record<'conversions' | 'callbacks', EntryCounts>>;
  /** Of the jobs in processing, how long the longest has been in its present attempt; 0 while there are none. */
  longestProcessingSec: number;
  workers: {
    alive: number;
    /** Of those, the ones that run a job. */
    busy: number;
    /** Vanished without a good-bye, and not replaced. */
    lost: number;
  };
  /** Alive, and not among the workers: see the vocabulary. */
  standIns: number;
  /** The ids of some that are lost, the longest silent first. */
  lostWorkers: readonly string[];
  /** Of WORK_DIR's file system, the fullest of all workers, 0 to 1; undefined where none has said. */
  fullestWorkDisk: { workerId: string; usedRatio: number } | undefined;
  /** Resident, the largest of all workers; undefined where none has said. */
  workerMemory: { nodeBytes: number; ffmpegBytes: number } | undefined;
  callbacks: {
    /** Settled, and not yet delivered or given up. */
    pending: number;
    /** Given up, and not sent again by hand. */
    exhausted: number;
  };
  failedWithinDay: number;
  endedWithinHour: { completed: number; failed: number };
  redisMemory: Pick<RedisReport, 'usedBytes' | 'maxBytes'>;
}

const MAX_NAMED = 5;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** @throws what the first command threw that Redis did not answer */
export async function loadVitals({ redis, queues }: Backend, nowMs: number = Date.now()): Promise<Vitals> {
  const [entries, running, fleet, callbacks, failedWithinDay, completed, failed, report] = await Promise.all([
    queues.countEntries(),
    loadRunning(redis),
    loadFleet(redis),
    countCallbacks(redis),
    countEndedSince(redis, 'failed', nowMs - DAY_MS),
    countEndedSince(redis, 'completed', nowMs - HOUR_MS),
    countEndedSince(redis, 'failed', nowMs - HOUR_MS),
    inspectRedis(redis),
  ]);
  const { alive, standIns, lost } = fleet;
  const converting = [...alive, ...standIns];
  return {
    queues: entries,
    longestProcessingSec: Math.max(0, ...running.map((record) => (nowMs - startOf(record, nowMs)) / 1000)),
    workers: { alive: alive.length, busy: alive.filter(({ busy }) => busy > 0).length, lost: lost.length },
    standIns: standIns.length,
    lostWorkers: lost.slice(0, MAX_NAMED),
    fullestWorkDisk: findFullestDisk(converting),
    workerMemory: largestMemory(converting),
    callbacks,
    failedWithinDay,
    endedWithinHour: { completed, failed },
    redisMemory: { usedBytes: report.usedBytes, maxBytes: report.maxBytes },
  };
}

export async function countCallbacks(redis: Redis): Promise<Vitals['callbacks']> {
  const [pending, exhausted] = await Promise.all([redis.zcard(keys.outbox), redis.zcard(keys.exhausted)]);
  return { pending, exhausted };
}

/** Not of the first attempt: between two, a job may wait behind many others. */
function startOf({ attemptStartedAtMs, startedAtMs }: JobRecord, nowMs: number): number {
  return attemptStartedAtMs ?? startedAtMs ?? nowMs;
}

function findFullestDisk(workers: readonly SignOfLife[]): Vitals['fullestWorkDisk'] {
  const disks = workers.flatMap(({ workerId, freeDiskBytes, totalDiskBytes }) =>
    totalDiskBytes ? [{ workerId, usedRatio: 1 - freeDiskBytes / totalDiskBytes }] : [],
  );
  return disks.toSorted((a, b) => b.usedRatio - a.usedRatio)[0];
}

function largestMemory(workers: readonly SignOfLife[]): Vitals['workerMemory'] {
  const nodeBytes = maxOf(workers.flatMap(({ memory }) => memory?.nodeBytes ?? []));
  const ffmpegBytes = maxOf(workers.flatMap(({ memory }) => memory?.ffmpegBytes ?? []));
  return nodeBytes === undefined || ffmpegBytes === undefined ? undefined : { nodeBytes, ffmpegBytes };
}

function maxOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}
