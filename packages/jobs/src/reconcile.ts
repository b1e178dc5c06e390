import type { Backend } from './backend.ts';
import { enqueue } from './enqueue.ts';
import { keys } from './keys.ts';
import { loadRecord, type JobRecord } from './record.ts';
import { createRecordScript } from './record-script.ts';
import type { Redis } from './redis.ts';

export interface ReconcileLimits {
  /** A job without news for so long ought to have an entry in the queue. Longer than a worker holds one after its death. */
  quietMs: number;
  /** An attempt without news for so long is stuck, though its worker lives. */
  stuckAfterMs: number;
}

/**
 * Takes a job from the attempt that holds it and marks it as to be queued. In a new run: the entry that is there is in
 * the hands of a worker that keeps its lock and does nothing. The attempt stays counted.
 *
 * KEYS job, unqueued; ARGV jobId, holder, nowMs
 */
const TAKE_BACK = createRecordScript(
  `
  if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[2] then return 0 end
  redis.call('HSETNX', KEYS[1], 'run', 1)
  local run = redis.call('HINCRBY', KEYS[1], 'run', 1)
  redis.call('HSET', KEYS[1], 'status', 'queued', 'progress', 0)
  redis.call('HDEL', KEYS[1], 'holder', 'phase')
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
  list(ARGV[1])
  note(ARGV[1], '{"what":"put-back","run":' .. run .. '}')
  return 1
  `,
);

/** KEYS job; ARGV jobId, run. The record has not changed: only its entry is there again. A job that is gone has no history. */
const NOTE_PUT_BACK = createRecordScript(
  `if redis.call('EXISTS', KEYS[1]) == 1 then note(ARGV[1], '{"what":"put-back","run":' .. ARGV[2] .. '}') end`,
);

/** How many are looked at at once. */
const PAGE = 500;

/**
 * Puts jobs back into the queue that nobody works on: their entry vanished, or their worker does nothing. Doing it
 * twice does nothing. One that waits where it should counts as news, so each is looked at once in
 * `quietMs`, however many wait.
 * @returns the ids of those
 */
export async function reconcileJobs(backend: Backend, limits: ReconcileLimits): Promise<string[]> {
  const { redis } = backend;
  const nowMs = Date.now();
  const sinceMs = nowMs - limits.quietMs;
  const found: string[] = [];
  for (let quietStill = 0; ;) {
    const quiet = await loadQuiet(redis, sinceMs, quietStill);
    for (const { jobId, record, newsAtMs } of quiet) {
      if (record === 'unreadable') continue;
      if (!record || record.finishedAtMs !== undefined) await redis.zrem(keys.alive, jobId);
      else if (await putBack(backend, record, newsAtMs < nowMs - limits.stuckAfterMs)) found.push(jobId);
    }
    if (quiet.length < PAGE) return found;
    const stayed = await countQuiet(redis, quiet, sinceMs);
    quietStill += stayed;
  }
}

/** The jobs that `reconcileJobs` would put back now, and changes nothing. */
export async function findStuckJobs(backend: Backend, limits: ReconcileLimits): Promise<string[]> {
  const { redis, queues } = backend;
  const nowMs = Date.now();
  const found: string[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const quiet = await loadQuiet(redis, nowMs - limits.quietMs, offset);
    for (const { jobId, record, newsAtMs } of quiet) {
      if (!record || record === 'unreadable' || record.finishedAtMs !== undefined) continue;
      const isStuck = record.holder !== undefined && newsAtMs < nowMs - limits.stuckAfterMs;
      if (isStuck || !(await queues.hasConversion({ jobId, run: record.run }))) found.push(jobId);
    }
    if (quiet.length < PAGE) return found;
  }
}

interface Quiet {
  jobId: string;
  /** A newer version's cannot be read, and is that version's to care for. */
  record: JobRecord | 'unreadable' | undefined;
  newsAtMs: number;
}

/** A page of those without news since then, and their records. */
async function loadQuiet(redis: Redis, sinceMs: number, offset: number): Promise<Quiet[]> {
  const rows = await redis.zrangebyscore(keys.alive, 0, sinceMs, 'WITHSCORES', 'LIMIT', offset, PAGE);
  const quiet: Quiet[] = [];
  for (let at = 0; at + 1 < rows.length; at += 2) {
    const [jobId, newsAtMs] = [rows[at]!, Number(rows[at + 1])];
    const record = await loadRecord(redis, jobId).catch(() => 'unreadable' as const);
    quiet.push({ jobId, record, newsAtMs });
  }
  return quiet;
}

/** How many of them are without news still, and so in front of the next page. */
async function countQuiet(redis: Redis, quiet: readonly Quiet[], sinceMs: number): Promise<number> {
  const newsAtMs = await Promise.all(quiet.map(({ jobId }) => redis.zscore(keys.alive, jobId)));
  return newsAtMs.filter((atMs) => atMs !== null && Number(atMs) <= sinceMs).length;
}

async function putBack(backend: Backend, record: JobRecord, isLong: boolean): Promise<boolean> {
  const { redis, queues } = backend;
  const { jobId, run, holder, request } = record;
  if (holder !== undefined && isLong) {
    const taken = await TAKE_BACK.run(redis, [keys.job(jobId), keys.unqueued], [jobId, holder, Date.now()]);
    if (taken === 1) await enqueue(backend, jobId);
    return taken === 1;
  }
  const isThere = await queues.hasConversion({ jobId, run });
  // One that was begun is in the journal; one that waits may be waiting for that.
  if (!isThere && holder === undefined) await enqueue(backend, jobId);
  else if (!isThere) await queues.addConversion({ jobId, run }, request);
  if (!isThere) await NOTE_PUT_BACK.run(redis, [keys.job(jobId)], [jobId, run]);
  if (holder === undefined) await redis.zadd(keys.alive, 'XX', Date.now(), jobId);
  return !isThere;
}
