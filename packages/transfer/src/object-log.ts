import { randomUUID } from 'node:crypto';
import { JobError } from '@tapedeck/contracts';
import type { ObjectStore } from './object-store.ts';

/**
 * An append-only log of lines in a bucket, as small private objects. What is appended at the same time goes into one
 * object, and no two objects of a process begin sooner after each other than COMMIT_INTERVAL_MS: a store counts its
 * requests. A line is in the log when `append` resolves; the log has no order, and a line may be in it twice.
 */
export interface ObjectLog {
  /** @throws JobError STORAGE_…; then nobody knows whether the line is in the log */
  append(bucket: string, line: string): Promise<void>;
  /** Where the log can lie. @throws JobError STORAGE_FORBIDDEN when nobody says, and the key may not ask */
  listBuckets(signal: AbortSignal): Promise<readonly string[]>;
  /** Every object of the log, those of one bucket by their age, the oldest first. */
  list(signal: AbortSignal): AsyncIterable<LogObject>;
  /** @throws JobError STORAGE_UNAVAILABLE when it is not there any more: it was merged, and its lines are elsewhere */
  read(object: LogObject, signal: AbortSignal): Promise<string[]>;
  /** One object with the lines of all, which are of one bucket, in their place. */
  merge(objects: readonly LogObject[], signal: AbortSignal): Promise<void>;
  remove(object: LogObject, signal: AbortSignal): Promise<void>;
}

export interface LogObject {
  bucket: string;
  key: string;
  /** When the youngest of its lines was written, by the clock of whoever wrote it. */
  atMs: number;
  sizeBytes: number;
}

export interface ObjectLogOptions {
  store: ObjectStore;
  /** Below which its objects lie; ends with a slash. */
  prefix: string;
  /** Where all lines go; without it, each goes to the bucket that it is about. */
  bucket: string | undefined;
  /** The buckets that lines can be about; without them, all that the store has. */
  buckets: readonly string[] | undefined;
  appendTimeoutMs: number;
  /** Hears of a bucket that is not there, or, where all are looked into, not ours. */
  onBucketSkipped: (error: Error) => void;
}

const COMMIT_INTERVAL_MS = 50;
const MAX_OBJECT_BYTES = 64 * 1024 ** 2;

interface Waiting {
  line: string;
  promise: PromiseWithResolvers<void>;
}

export function createObjectLog(options: ObjectLogOptions): ObjectLog {
  const { store, prefix, appendTimeoutMs } = options;
  const read: ObjectLog['read'] = async ({ bucket, key }, signal) => {
    const content = await store.read(bucket, key, MAX_OBJECT_BYTES, signal);
    if (!content) throw new JobError('STORAGE_UNAVAILABLE', 'an object of the log is not there any more');
    return content
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
  };
  const remove: ObjectLog['remove'] = ({ bucket, key }, signal) => store.remove(bucket, key, signal);
  /** Buckets to which an object was begun within the last interval, and what has come since then. */
  const recent = new Map<string, Waiting[]>();

  const write = (bucket: string, lines: readonly string[], atMs: number, signal: AbortSignal): Promise<void> =>
    store.putPrivate(bucket, prefix + buildName(atMs), Buffer.from(lines.map((line) => `${line}\n`).join('')), signal);

  const commit = (bucket: string, batch: readonly Waiting[]): void => {
    recent.set(bucket, []);
    const lines = batch.map(({ line }) => line);
    withinTimeout((signal) => write(bucket, lines, Date.now(), signal), appendTimeoutMs).then(
      () => batch.forEach(({ promise }) => promise.resolve()),
      (error: unknown) => batch.forEach(({ promise }) => promise.reject(error)),
    );
    setTimeout(() => {
      const next = recent.get(bucket)!;
      recent.delete(bucket);
      if (next.length > 0) commit(bucket, next);
    }, COMMIT_INTERVAL_MS);
  };

  return {
    append(about, line) {
      const bucket = options.bucket ?? about;
      const waiting: Waiting = { line, promise: Promise.withResolvers() };
      const next = recent.get(bucket);
      if (next) next.push(waiting);
      else commit(bucket, [waiting]);
      return waiting.promise.promise;
    },
    listBuckets: (signal) => listBuckets(options, signal),
    async *list(signal) {
      for (const bucket of await listBuckets(options, signal)) yield* listLog(options, bucket, signal);
    },
    read,
    async merge(objects, signal) {
      const lines: string[] = [];
      for (const object of objects) lines.push(...(await read(object, signal)));
      await write(objects[0]!.bucket, lines, Math.max(...objects.map(({ atMs }) => atMs)), signal);
      for (const object of objects) await remove(object, signal);
    },
    remove,
  };
}

const TIME_DIGITS = 15;

/** Sorts by time. */
function buildName(atMs: number): string {
  return `${String(atMs).padStart(TIME_DIGITS, '0')}-${randomUUID()}.ndjson`;
}

async function listBuckets(
  { store, bucket, buckets }: ObjectLogOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return bucket === undefined ? (buckets ?? (await store.listBuckets(signal))) : [bucket];
}

async function* listLog(
  { store, prefix, buckets, onBucketSkipped, ...options }: ObjectLogOptions,
  bucket: string,
  signal: AbortSignal,
): AsyncGenerator<LogObject> {
  const isAny = options.bucket === undefined && buckets === undefined;
  try {
    for await (const { key, sizeBytes } of store.list(bucket, prefix, signal)) {
      const atMs = Number(new RegExp(`^(\\d{${TIME_DIGITS}})-[^/]+\\.ndjson$`).exec(key.slice(prefix.length))?.[1]);
      if (!Number.isNaN(atMs)) yield { bucket, key, atMs, sizeBytes };
    }
  } catch (error) {
    // What may be there must not look empty: a key with a wrong secret sees nothing anywhere.
    const isNotOurs = code(error) === 'STORAGE_FORBIDDEN' && isAny;
    if (code(error) !== 'STORAGE_BUCKET_MISSING' && !isNotOurs) throw error;
    onBucketSkipped(error as JobError);
  }
}

function code(error: unknown): string | undefined {
  return error instanceof JobError ? error.code : undefined;
}

async function withinTimeout(work: (signal: AbortSignal) => Promise<void>, timeoutMs: number): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await work(signal);
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new JobError('STORAGE_UNAVAILABLE', `no answer within ${timeoutMs} ms`, { cause });
  }
}
