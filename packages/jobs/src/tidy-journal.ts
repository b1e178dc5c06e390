import type { Backend } from './backend.ts';
import { loadGeneration } from './generation.ts';
import { parseEntry, type JournalEntry, type JournalLog, type JournalObject } from './journal.ts';
import { loadRecord } from './record.ts';

/** Older data of Redis than this is not expected to come back. */
export const JOURNAL_KEEP_MS = 48 * 3_600_000;
/** Whoever reads the journal has read by then what it found in a list. */
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

async function removeOld(backend: Backend, log: JournalLog, object: JournalObject, signal: AbortSignal): Promise<void> {
  for (const line of await log.read(object, signal)) {
    const entry = parseEntry(line);
    // Another version's stays as it is.
    if (!entry) return;
    if (await isOpen(backend, entry)) await log.append(object.bucket, line);
  }
  // Asked last: a Redis that has lost its data knows of no job that is open.
  if ((await loadGeneration(backend.redis)).isCurrent) await log.remove(object, signal);
}

async function isOpen({ redis }: Backend, { stage, jobId, run }: JournalEntry): Promise<boolean> {
  const record = await loadRecord(redis, jobId);
  if (!record || record.run !== run) return false;
  const lives = record.finishedAtMs === undefined;
  return lives ? stage === 'accepted' : stage === 'settled' && record.callbackStatus === 'pending';
}
