import { JobError } from '@tapedeck/contracts';
import { z } from 'zod';
import { parseRecord } from './record.ts';

/**
 * What must outlive Redis: every job that was accepted, and every end that a caller may have heard of. An entry is the
 * job's record as it was then.
 *
 * - A job is in the journal as `accepted` before it is in the queue, and before its caller hears 202.
 * - Its end is in the journal as `settled` before its callback is sent for the first time; `closed`, when the callback
 *   was delivered or given up.
 * - Each run of a job has entries of its own; of one job the last state of the highest run counts, and of two ends of
 *   one run the earlier. So the order of entries means nothing, and one that is there twice changes nothing.
 */
export interface Journal {
  /**
   * Resolves when the entry is there for good, or can never be, because the job's bucket is missing or not ours: such a
   * job cannot publish there either, and its failure must be told. So must every end, where only an operator can mend
   * why it cannot be written.
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

const STATES = ['accepted', 'settled', 'closed'] as const;

const entrySchema = z.object({
  state: z.enum(STATES),
  jobId: z.string(),
  run: z.number().int(),
  /** The fields of the record's hash; of a closed job only its eventId and callbackStatus. */
  fields: z.record(z.string(), z.string()),
});
export type JournalEntry = z.output<typeof entrySchema>;

export interface JournalOptions {
  /** Whether entries go to the buckets of their jobs. One that is missing, or not ours, takes no result either. */
  inJobBuckets: boolean;
  /** Hears of a job that is in no journal. */
  onUnjournaled: (jobId: string, error: Error) => void;
}

export function createJournal(log: JournalLog, { inJobBuckets, onUnjournaled }: JournalOptions): Journal {
  return {
    log,
    async append(bucket, entry) {
      try {
        await log.append(bucket, JSON.stringify(entry));
      } catch (error) {
        if (!(error instanceof JobError)) throw error;
        const takesNoResult = inJobBuckets && ['STORAGE_BUCKET_MISSING', 'STORAGE_FORBIDDEN'].includes(error.code);
        const mustBeTold = !error.retryable && entry.state !== 'accepted';
        if (!takesNoResult && !mustBeTold)
          throw new JobError('STORAGE_UNAVAILABLE', 'the journal takes no entry', { cause: error });
        onUnjournaled(entry.jobId, error);
      }
    },
  };
}

const MAX_FIELDS = 100;

/** @returns undefined for what another version wrote, or somebody else: it must not hold up the others */
export function parseEntry(line: string): JournalEntry | undefined {
  try {
    const entry = entrySchema.parse(JSON.parse(line));
    const { jobId, state, fields } = entry;
    if (state === 'closed') return entry;
    const isOurs = parseRecord(fields).jobId === jobId && Object.keys(fields).length <= MAX_FIELDS;
    return isOurs ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** Positive when `a` says more recent things of its job than `b`. */
export function compareEntries(a: JournalEntry, b: JournalEntry): number {
  return a.run - b.run || rankOf(a) - rankOf(b) || endedAtMs(b) - endedAtMs(a);
}

function rankOf({ state }: JournalEntry): number {
  return STATES.indexOf(state);
}

/** A later end of the same run was settled in old data, before that was compared; nobody was told of it. */
function endedAtMs({ fields }: JournalEntry): number {
  return Number(fields.finishedAtMs ?? 0);
}
