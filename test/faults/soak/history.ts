import { createWriteStream } from 'node:fs';

/** What the callers were promised, and what they asked for afterwards. */
export interface PromisedJob {
  jobId: string;
  kind: 'tape' | 'hls';
  /** The first answer that promised it. */
  promisedAtMs: number;
  idempotencyKey: string | undefined;
  /** How often somebody asked for another run and was not told that there is none. */
  retries: number;
  /** Somebody asked for it to be deleted and was not told that it cannot be. */
  mayBeDeleted: boolean;
}

export interface History {
  readonly promised: ReadonlyMap<string, PromisedJob>;
  readonly counts: ReadonlyMap<string, number>;
  promise(job: Pick<PromisedJob, 'jobId' | 'kind' | 'idempotencyKey'>): void;
  /** @param what counted, and written with the details */
  note(what: string, details?: object): void;
  close(): Promise<void>;
}

/** @param path where every line goes: a soak may run for hours */
export function openHistory(path: string): History {
  const file = createWriteStream(path);
  const promised = new Map<string, PromisedJob>();
  const counts = new Map<string, number>();
  const startedAtMs = Date.now();
  const note = (what: string, details: object = {}): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
    file.write(`${((Date.now() - startedAtMs) / 1_000).toFixed(3)} ${what} ${JSON.stringify(details)}\n`);
  };
  return {
    promised,
    counts,
    note,
    promise(job) {
      if (promised.has(job.jobId)) return;
      promised.set(job.jobId, { ...job, promisedAtMs: Date.now(), retries: 0, mayBeDeleted: false });
    },
    async close() {
      await new Promise<void>((done) => file.end(done));
    },
  };
}
