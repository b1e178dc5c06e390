import type { Backend } from './backend.ts';
import { beginGeneration, completeGeneration, loadGeneration } from './generation.ts';
import { compareEntries, parseEntry, type Journal, type JournalEntry } from './journal.ts';
import { sweepUnqueued } from './outbox.ts';
import type { Redis } from './redis.ts';
import { restoreEntry } from './restore.ts';

/** Whether Redis holds all that was written to it, as far as the journal can say. Always, where there is none. */
export async function isCompared({ redis, journal }: Backend): Promise<boolean> {
  return !journal || (await loadGeneration(redis)).isCurrent;
}

/** What a comparison with the journal brought back. */
export interface Recovery {
  /** Jobs that run again. */
  accepted: number;
  /** Ends that are known again; their callbacks are sent, or sent again. */
  settled: number;
}

/**
 * Compares Redis with the journal if its data may not be all that was written: it was emptied, restarted or replaced.
 * Every job that was accepted and has not ended runs again, none that has ended does. May be repeated, and done twice
 * at once: what is there already stays.
 * @returns undefined when there was no need
 * @throws JobError STORAGE_UNAVAILABLE when the journal cannot be read: then it must be done again
 */
export async function recoverFromJournal(backend: Backend, signal: AbortSignal): Promise<Recovery | undefined> {
  const { redis, journal } = backend;
  if (!journal || (await isCompared(backend))) return undefined;
  const begun = await beginGeneration(redis);
  const latest = await findLatest(journal, signal);
  const recovery: Recovery = { accepted: 0, settled: 0 };
  for await (const entry of readEntries(journal, signal)) {
    const last = latest.get(entry.jobId);
    if (!last || !(await restoreAsLast(redis, entry, last))) continue;
    recovery[entry.stage === 'accepted' ? 'accepted' : 'settled'] += 1;
  }
  await sweepUnqueued(backend, 0);
  if (!(await completeGeneration(redis, begun))) return recoverFromJournal(backend, signal);
  return recovery;
}

/** The last that the journal says of a job. Without its record: there may be a great many. */
type Last = Pick<JournalEntry, 'run' | 'stage'> & { callbackStatus: string | undefined };

async function findLatest(journal: Journal, signal: AbortSignal): Promise<ReadonlyMap<string, Last>> {
  const latest = new Map<string, Last>();
  for await (const { jobId, run, stage, fields } of readEntries(journal, signal)) {
    const known = latest.get(jobId);
    const last: Last = { run, stage, callbackStatus: stage === 'closed' ? fields.callbackStatus : undefined };
    if (!known || compareEntries(last, known) > 0) latest.set(jobId, last);
  }
  return latest;
}

async function restoreAsLast(redis: Redis, entry: JournalEntry, last: Last): Promise<boolean> {
  const { run, stage, fields } = entry;
  if (run !== last.run) return false;
  if (stage === 'settled' && last.stage === 'closed') {
    const { callbackStatus = 'delivered' } = last;
    return restoreEntry(redis, { ...entry, stage: 'closed', fields: { ...fields, callbackStatus } });
  }
  return stage === last.stage && stage !== 'closed' && restoreEntry(redis, entry);
}

export async function* readEntries({ log }: Journal, signal: AbortSignal): AsyncGenerator<JournalEntry> {
  for await (const object of log.list(signal)) {
    for (const line of await log.read(object, signal)) {
      const entry = parseEntry(line);
      if (entry) yield entry;
    }
  }
}
