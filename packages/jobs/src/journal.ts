import { JobError } from '@tapedeck/contracts';
import { z } from 'zod';

/**
 * What must outlive Redis: every job that was accepted, and every end that a caller may have heard of. An entry is the
 * job's record as it was then.
 *
 * - A job is in the journal as `accepted` before it is in the queue, and before its caller hears 202.
 * - Its end is in the journal as `settled` before its callback is sent for the first time; `closed`, when the callback
 *   was delivered or given up.
 * - Each run of a job has entries of its own; of one job the latest stage of the highest run counts. So the order of
 *   entries means nothing, and one that is there twice changes nothing.
 */
export interface Journal {
  /**
   * Resolves when the entry is there for good, or can never be: its bucket is missing or not ours. Such a job cannot
   * publish either, and its failure must be told.
   * @throws JobError STORAGE_UNAVAILABLE
   */
  append(bucket: string, entry: JournalEntry): Promise<void>;
  log: JournalLog;
}

/** Where lines are kept: what transfer's object log does. */
export interface JournalLog {
  append(bucket: string, line: string): Promise<void>;
  list(signal: AbortSignal): AsyncIterable<JournalObject>;
  read(object: JournalObject, signal: AbortSignal): Promise<string[]>;
  merge(objects: readonly JournalObject[], signal: AbortSignal): Promise<void>;
  remove(object: JournalObject, signal: AbortSignal): Promise<void>;
}

export interface JournalObject {
  bucket: string;
  key: string;
  atMs: number;
  sizeBytes: number;
}

const STAGES = ['accepted', 'settled', 'closed'] as const;
type Stage = (typeof STAGES)[number];

const entrySchema = z.object({
  stage: z.enum(STAGES),
  jobId: z.string(),
  run: z.number().int(),
  /** The fields of the record's hash; of a closed job only what its callback came to. */
  fields: z.record(z.string(), z.string()),
});
export type JournalEntry = z.output<typeof entrySchema>;

/** @param onUnjournaled hears of entries that can never be written */
export function createJournal(log: JournalLog, onUnjournaled: (error: Error) => void): Journal {
  return {
    log,
    async append(bucket, entry) {
      try {
        await log.append(bucket, JSON.stringify(entry));
      } catch (error) {
        if (!(error instanceof JobError) || error.retryable) throw error;
        onUnjournaled(error);
      }
    },
  };
}

/** @returns undefined for what another version wrote */
export function parseEntry(line: string): JournalEntry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** Positive when `a` says more recent things of its job than `b`. */
export function compareEntries(a: Pick<JournalEntry, 'run' | 'stage'>, b: Pick<JournalEntry, 'run' | 'stage'>): number {
  return a.run - b.run || rankOf(a.stage) - rankOf(b.stage);
}

function rankOf(stage: Stage): number {
  return STAGES.indexOf(stage);
}
