import type { Backend } from './backend.ts';
import { beginGeneration, completeGeneration, isCompared } from './generation.ts';
import { compareEntries, parseEntry, type Journal, type JournalEntry, type JournalObject } from './journal.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';
import { restoreEntry } from './restore.ts';

/** What a comparison with the journal brought back. */
export interface Comparison {
  /** Jobs that run again. They are in `unqueued`. */
  accepted: number;
  /** Ends that are known again; their callbacks are sent, or sent again. */
  settled: number;
}

/**
 * Compares Redis with the journal if its data may not be all that was written: it was emptied, restarted or replaced.
 * Every job that was accepted and has not ended runs again, none that has ended does. May be repeated, and done twice
 * at once: what is there already stays.
 * @returns undefined when there was no need
 * @throws JobError STORAGE_… when the journal cannot be read: then it must be done again
 */
export async function compareWithJournal(backend: Backend, signal: AbortSignal): Promise<Comparison | undefined> {
  const { redis, journal } = backend;
  let comparison: Comparison | undefined;
  // Again, when the data was lost once more meanwhile, and nobody else has compared it.
  while (journal && !(await isCompared(backend))) {
    const begun = await beginGeneration(redis);
    const latest = await findLatest(journal, signal);
    comparison = { accepted: 0, settled: await restoreClosed(redis, journal, latest, signal) };
    for (const entry of latest.values()) {
      if (entry.state !== 'closed' && (await restoreEntry(redis, entry))) comparison[entry.state] += 1;
    }
    await completeGeneration(redis, begun);
  }
  return comparison;
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
 * Of closed jobs, those that live in old data end there, too, as their `settled` says, and those whose callback was
 * exhausted are there again, to be sent by hand. Looked for by reading the journal once more, which is seldom needed.
 * @returns how many
 */
async function restoreClosed(redis: Redis, journal: Journal, latest: Latest, signal: AbortSignal): Promise<number> {
  const inRedis = (await Promise.all([keys.alive, keys.outbox].map((key) => redis.zrange(key, '0', '-1')))).flat();
  const wanted = new Set(inRedis.filter((jobId) => latest.get(jobId)?.state === 'closed'));
  for (const [jobId, { fields }] of latest) if (fields.callbackStatus === 'exhausted') wanted.add(jobId);
  if (wanted.size === 0) return 0;
  let restored = 0;
  for await (const { jobId, run, state, fields } of readEntries(journal, signal)) {
    const closed = latest.get(jobId);
    if (!closed || !wanted.has(jobId) || state !== 'settled' || run !== closed.run) continue;
    if (fields.eventId !== closed.fields.eventId) continue;
    const entry = { jobId, run, state: 'closed', fields: { ...fields, ...closed.fields } } as const;
    if (await restoreEntry(redis, entry)) restored += 1;
  }
  return restored;
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
