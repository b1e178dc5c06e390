import type { BulkAction, BulkPreview, BulkProgress, Priority } from '@tapedeck/contracts';
import { buildPost, post, readLines, request, UnreachableError } from '../api/client.ts';

/** Some jobs, or all that fit what the list's query takes: see `filter` of the request. */
export type BulkTarget = { jobIds: readonly string[] } | { filter: Readonly<Record<string, string>> };

export type BulkOrder = BulkTarget & {
  action: BulkAction;
  /** For delete: the results, too. */
  deleteFiles?: boolean;
  /** For priority, and for nothing else. */
  priority?: Priority;
};

const PATH = '/api/bulk';
/** Each job is a question or two to Redis, and files to be deleted are a few to the store. */
const SILENCE_MS = 60_000;

export function previewBulk(order: BulkOrder): Promise<BulkPreview> {
  return post<BulkPreview>(PATH, { ...order, dryRun: true });
}

export interface RunBulkOptions {
  /** Stops it: what is done by then stays done. */
  signal: AbortSignal;
  onProgress: (progress: BulkProgress) => void;
  silenceMs?: number;
}

/**
 * Does it, however long that takes, as long as something is heard of it.
 * @throws ProblemError, UnreachableError, or the signal's reason
 */
export async function runBulk(order: BulkOrder, options: RunBulkOptions): Promise<void> {
  const { signal, onProgress, silenceMs = SILENCE_MS } = options;
  const silence = new AbortController();
  const listen = () => setTimeout(() => silence.abort(), silenceMs);
  let timer = listen();
  let isOver = false;
  try {
    const stop = AbortSignal.any([signal, silence.signal]);
    for await (const progress of readLines<BulkProgress>(await request(PATH, { ...buildPost(order), signal: stop }))) {
      clearTimeout(timer);
      timer = listen();
      isOver = progress.isOver;
      onProgress(progress);
    }
  } catch (cause) {
    if (silence.signal.aborted) throw new UnreachableError('Nothing is heard of it any more.', { cause });
    throw cause;
  } finally {
    clearTimeout(timer);
  }
  if (!isOver) throw new UnreachableError('The answer broke off.');
}
