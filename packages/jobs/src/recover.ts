import type { Backend } from './backend.ts';
import { beginGeneration, completeGeneration, loadGeneration } from './generation.ts';
import { compareEntries, parseEntry, type Journal, type JournalEntry, type JournalObject } from './journal.ts';
import { keys } from './keys.ts';
import { sweepUnqueued } from './outbox.ts';
import type { Redis } from './redis.ts';
import { restoreEntry } from './restore.ts';

/** What a comparison with the journal brought back. */
export interface Recovery {
  /** Jobs that run again. */
  accepted: number;
  /** Ends that are known again; their callbacks are sent, or sent again. */
  settled: number;
}

/** Whether Redis holds all that was written to it, as far as the journal can say. Always, where there is none. */
export async function isCompared({ redis, journal }: Backend): Promise<boolean> {
  return !journal || (await loadGeneration(redis)).isCurrent;
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
  const recovery = { accepted: 0, settled: await endWhatLives(redis, journal, latest, signal) };
  for (const entry of latest.values()) {
    if (entry.stage !== 'closed' && (await restoreEntry(redis, entry))) recovery[entry.stage] += 1;
  }
  await sweepUnqueued(backend, 0);
  await completeGeneration(redis, begun);
  // Lost once more meanwhile, unless somebody else has compared it.
  return (await recoverFromJournal(backend, signal)) ?? recovery;
}

type Latest = ReadonlyMap<string, JournalEntry>;

/** The last that the journal says of each job. Without the record of one that is closed: there are a great many. */
async function findLatest(journal: Journal, signal: AbortSignal): Promise<Latest> {
  const latest = new Map<string, JournalEntry>();
  for await (const entry of readEntries(journal, signal)) {
    const known = latest.get(entry.jobId);
    if (!known || compareEntries(entry, known) > 0) latest.set(entry.jobId, entry);
  }
  return latest;
}

/**
 * Jobs that live in old data though they are closed end there, too, as their last `settled` says. Looked for by reading
 * the journal once more, which is seldom needed.
 * @returns how many
 */
async function endWhatLives(redis: Redis, journal: Journal, latest: Latest, signal: AbortSignal): Promise<number> {
  const inRedis = (await Promise.all([keys.alive, keys.outbox].map((key) => redis.zrange(key, '0', '-1')))).flat();
  const living = new Set(inRedis.filter((jobId) => latest.get(jobId)?.stage === 'closed'));
  if (living.size === 0) return 0;
  let ended = 0;
  for await (const { jobId, run, stage, fields } of readEntries(journal, signal)) {
    const closed = latest.get(jobId);
    if (!closed || !living.has(jobId) || stage !== 'settled' || run !== closed.run) continue;
    const entry = { jobId, run, stage: 'closed', fields: { ...fields, ...closed.fields } } as const;
    if (await restoreEntry(redis, entry)) ended += 1;
  }
  return ended;
}

/** A store answers in tens of milliseconds; most objects hold a line or two. */
const READ_AHEAD = 8;

async function* readEntries({ log }: Journal, signal: AbortSignal): AsyncGenerator<JournalEntry> {
  const reads: Promise<string[]>[] = [];
  const read = (object: JournalObject): Promise<string[]> => {
    const lines = log.read(object, signal);
    // Whoever comes to it hears of it; until then it must not count as unheard.
    lines.catch(() => undefined);
    return lines;
  };
  for await (const object of log.list(signal)) {
    reads.push(read(object));
    if (reads.length >= READ_AHEAD) yield* parseLines(await reads.shift()!);
  }
  for (const lines of reads) yield* parseLines(await lines);
}

function* parseLines(lines: readonly string[]): Generator<JournalEntry> {
  for (const line of lines) {
    const entry = parseEntry(line);
    if (entry) yield entry;
  }
}
