import type { Backend } from './backend.ts';
import { isUnchanged, loadGeneration } from './generation.ts';
import { parseEntry, type JournalLog, type JournalObject } from './journal.ts';
import { loadRecord } from './record.ts';
import type { Redis } from './redis.ts';

/** Older data of Redis than this is not expected to come back. */
export const JOURNAL_KEEP_MS = 48 * 3_600_000;
/** A reader for whom an object is gone between its list and its read begins anew; this makes that seldom. */
const MERGE_AFTER_MS = 10 * 60_000;
const MERGE_MAX_OBJECTS = 200;
const MERGE_MIN_OBJECTS = 20;
const MERGE_MAX_BYTES = 4 * 1024 ** 2;

/**
 * Keeps the journal short: what is old goes, except what has not ended yet, which is written anew; of what is young,
 * many small objects become one. May die at any point: a line that is there twice changes nothing.
 * @param nowMs for tests
 */
export async function tidyJournal(backend: Backend, signal: AbortSignal, nowMs = Date.now()): Promise<void> {
  const log = backend.journal?.log;
  if (!log) return;
  let small: JournalObject[] = [];
  const mergeSmall = async (): Promise<void> => {
    if (small.length >= MERGE_MIN_OBJECTS) await log.merge(small, signal);
    small = [];
  };
  for await (const object of log.list(signal)) {
    if (object.atMs < nowMs - JOURNAL_KEEP_MS) {
      await removeOld(backend, log, object, signal);
      continue;
    }
    if (object.atMs > nowMs - MERGE_AFTER_MS || object.sizeBytes > MERGE_MAX_BYTES / 2) continue;
    const totalBytes = small.reduce((sum, { sizeBytes }) => sum + sizeBytes, object.sizeBytes);
    const isFull = small.length >= MERGE_MAX_OBJECTS || totalBytes > MERGE_MAX_BYTES;
    if (isFull || (small[0] && small[0].bucket !== object.bucket)) await mergeSmall();
    small.push(object);
  }
  await mergeSmall();
}

/** @throws JobError STORAGE_…; then the object stays, and with it all that it says */
async function removeOld(backend: Backend, log: JournalLog, object: JournalObject, signal: AbortSignal): Promise<void> {
  const { redis } = backend;
  // A Redis that has lost its data knows of no job that is open.
  const before = await loadGeneration(redis);
  const lines = await log.read(object, signal);
  const open = await Promise.all(lines.map((line) => isOpen(redis, line)));
  if (open.includes('unknown')) return;
  if (!(await isUnchanged(redis, before))) return;
  await Promise.all(lines.filter((_line, index) => open[index]).map((line) => log.append(object.bucket, line)));
  await log.remove(object, signal);
}

/** `unknown`: another version's. */
async function isOpen(redis: Redis, line: string): Promise<boolean | 'unknown'> {
  const entry = parseEntry(line);
  if (!entry) return 'unknown';
  const record = await loadRecord(redis, entry.jobId).catch(() => 'unknown' as const);
  if (record === 'unknown') return 'unknown';
  if (!record || record.run !== entry.run) return false;
  const lives = record.finishedAtMs === undefined;
  return lives ? entry.state === 'accepted' : entry.state === 'settled' && record.callbackStatus === 'pending';
}
