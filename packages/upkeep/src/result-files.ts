import { HLS_NAMES, isHlsFixedName, JobError, uploadOf } from '@tapedeck/contracts';
import { loadPublisher, type JobRecord } from '@tapedeck/jobs';
import { buildHlsKey, buildTapeKeys, findPublishedNames } from '@tapedeck/transfer';
import type { Results } from './upkeep.ts';

export interface ResultFile {
  key: string;
  sizeBytes: number;
}

/** Does what lies there come of this job? A later one may have replaced it, and what a caller's own URL took is the caller's. */
export async function isPublisher({ redis }: Pick<Results, 'redis'>, record: JobRecord): Promise<boolean> {
  const { jobId, request, output, outputName } = record;
  if (!output || uploadOf(request)) return false;
  return (await loadPublisher(redis, request.bucket, outputName)) === jobId;
}

/**
 * What a job has published, as far as it is there. What others are found by comes first: of a stream the master, then
 * its other playlists.
 */
export async function findResultFiles(
  { store, addresses }: Results,
  { request, output }: JobRecord,
  signal: AbortSignal,
): Promise<ResultFile[]> {
  const { bucket, slug } = request;
  const files: ResultFile[] = [];
  if (request.kind === 'tape') {
    const { mp4Key, posterKey } = buildTapeKeys(request, addresses);
    for (const key of output?.posterUrl === undefined ? [mp4Key] : [mp4Key, posterKey]) {
      const stored = await store.head(bucket, key, signal);
      if (stored) files.push({ key, sizeBytes: stored.sizeBytes });
    }
    return files;
  }
  // Segments that no playlist names may be those of a job that is about to publish; the cleanup knows when they are not.
  const published = await findPublishedNames(store, request, signal);
  const prefix = buildHlsKey(slug, '');
  for await (const { key, sizeBytes } of store.list(bucket, prefix, signal)) {
    const name = key.slice(prefix.length);
    if (published.has(name) || isHlsFixedName(name)) files.push({ key, sizeBytes });
  }
  const masterKey = buildHlsKey(slug, HLS_NAMES.master);
  const rankOf = (key: string): number => (key === masterKey ? 0 : key.endsWith('.m3u8') ? 1 : 2);
  return files.toSorted((a, b) => rankOf(a.key) - rankOf(b.key));
}

export function sumBytes(files: readonly ResultFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** What `takeTurn` throws when its signal is aborted first. @throws JobError JOB_STATE_CONFLICT, or what came */
export function orNoTurn(error: unknown): never {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
  throw new JobError('JOB_STATE_CONFLICT', 'another job is publishing in the place of its files; ask again');
}
