import { isHlsFixedName, JobError, type Deleted, type JobOutput } from '@tapedeck/contracts';
import {
  forgetPublisher,
  hideJob,
  loadPublisher,
  loadRecord,
  placeOf,
  removeHiddenJob,
  showJob,
  takeTurn,
  type JobRecord,
} from '@tapedeck/jobs';
import { inLanes } from '@tapedeck/runtime';
import {
  buildHlsKey,
  buildTapeKeys,
  findPublishedNames,
  type ObjectStore,
  type StoreAddresses,
} from '@tapedeck/transfer';
import type { FastifyInstance } from 'fastify';
import { InvalidRequestError } from '../plugins/problem-details.ts';
import { orUnavailable } from './jobs.ts';
import { cancelAndWait, type SteerOptions } from './steer-jobs.ts';

export interface DeleteOptions extends SteerOptions {
  store: ObjectStore;
}

type Removed = Pick<Deleted, 'deleted_files' | 'space_freed'>;

/** `DELETE /api/jobs/:jobId?delete_files=`: ends a job that is alive, removes its result if asked to, forgets it. */
export async function deleteRoute(app: FastifyInstance, options: DeleteOptions): Promise<void> {
  app.delete<{ Params: { jobId: string }; Querystring: DeleteQuery }>(
    '/api/jobs/:jobId',
    { config: { audit: 'job.delete' } },
    ({ params, query }) => orUnavailable(() => deleteJob(options, params.jobId, query)),
  );
}

interface DeleteQuery {
  delete_files?: string;
}

/** @throws JobError NOT_FOUND, JOB_STATE_CONFLICT, REQUEST_INVALID, STORAGE_… */
export async function deleteJob(options: DeleteOptions, jobId: string, query: DeleteQuery): Promise<Deleted> {
  const { redis } = options;
  const withFiles = parseFlag('delete_files', query.delete_files);
  // Also a hidden one: who deleted it may have died before its files were gone.
  const asked = await loadRecord(redis, jobId);
  if (!asked) throw new JobError('NOT_FOUND', 'no job has this id');
  const record = await cancelAndWait(options, asked);
  if ((await hideJob(redis, jobId)) === 'alive') {
    throw new JobError('JOB_STATE_CONFLICT', 'it is being canceled, or retried; ask again in a few seconds');
  }
  const removed = withFiles ? await deleteFilesOrShow(options, record) : NOTHING;
  await forgetPublisher(redis, record.request.bucket, record.outputName, jobId);
  await removeHiddenJob(redis, jobId);
  return { success: true, ...removed };
}

const NOTHING: Removed = { deleted_files: 0, space_freed: 0 };

function parseFlag(path: string, value: string | undefined): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new InvalidRequestError([{ path, message: `expected true or false, got ${JSON.stringify(value)}` }]);
}

const FILES_TIMEOUT_MS = 60_000;
/** For another job's publication to end. */
const TURN_TIMEOUT_MS = 5_000;

async function deleteFilesOrShow(options: DeleteOptions, record: JobRecord): Promise<Removed> {
  try {
    return await deleteFiles(options, record);
  } catch (error) {
    await showJob(options.redis, record.jobId);
    throw error;
  }
}

/** Only what is still this job's: a later one may have replaced it, and what a caller's own URL took is the caller's. */
async function deleteFiles({ redis, store, config }: DeleteOptions, record: JobRecord): Promise<Removed> {
  const { jobId, request, output, outputName } = record;
  const { bucket } = request;
  if (!output || (request.kind === 'tape' && request.upload)) return NOTHING;
  const signal = AbortSignal.timeout(FILES_TIMEOUT_MS);
  const patience = AbortSignal.timeout(TURN_TIMEOUT_MS);
  return takeTurn(redis, placeOf(record), patience, async () => {
    if ((await loadPublisher(redis, bucket, outputName)) !== jobId) return NOTHING;
    const addresses = { spacesEndpoint: config.SPACES_ENDPOINT, publicUrl: config.publicUrl };
    const files = await findFiles(store, { request, output }, addresses, signal);
    await inLanes(files, ({ key }) => store.remove(bucket, key, signal));
    return { deleted_files: files.length, space_freed: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  }).catch((error: unknown) => {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
    throw new JobError('JOB_STATE_CONFLICT', 'another job is publishing in the place of its files; ask again');
  });
}

interface StoredFile {
  key: string;
  sizeBytes: number;
}

/** The one that leads to the others first: whoever comes in the middle finds no beginning. */
async function findFiles(
  store: ObjectStore,
  { request, output }: { request: JobRecord['request']; output: JobOutput },
  addresses: StoreAddresses,
  signal: AbortSignal,
): Promise<StoredFile[]> {
  const { bucket, slug } = request;
  const files: StoredFile[] = [];
  if (request.kind === 'tape') {
    const { mp4Key, posterKey } = buildTapeKeys(request, addresses);
    for (const key of output.posterUrl === undefined ? [mp4Key] : [mp4Key, posterKey]) {
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
  return files.toSorted((a, b) => Number(b.key.endsWith('.m3u8')) - Number(a.key.endsWith('.m3u8')));
}
