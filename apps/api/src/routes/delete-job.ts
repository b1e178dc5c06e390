import { JobError, type Deleted } from '@tapedeck/contracts';
import { forgetPublisher, hideJob, loadRecord, removeHiddenJob, showJob, type JobRecord } from '@tapedeck/jobs';
import type { ObjectStore } from '@tapedeck/transfer';
import { deleteResult } from '@tapedeck/upkeep';
import type { FastifyInstance } from 'fastify';
import { InvalidRequestError } from '../plugins/problem-details.ts';
import { orUnavailable } from '../job-access.ts';
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
  await forgetPublisher(redis, record);
  await removeHiddenJob(redis, jobId);
  return { success: true, ...removed };
}

const NOTHING: Removed = { deleted_files: 0, space_freed: 0 };

function parseFlag(path: string, value: string | undefined): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new InvalidRequestError([{ path, message: `expected true or false, got ${JSON.stringify(value)}` }]);
}

async function deleteFilesOrShow({ redis, store, config }: DeleteOptions, record: JobRecord): Promise<Removed> {
  const addresses = { spacesEndpoint: config.SPACES_ENDPOINT, publicUrl: config.publicUrl };
  // It has deadlines of its own.
  const { signal } = new AbortController();
  try {
    const deleted = await deleteResult({ redis, store, addresses }, record, { dryRun: false, signal });
    return deleted ? { deleted_files: deleted.files, space_freed: deleted.sizeBytes } : NOTHING;
  } catch (error) {
    await showJob(redis, record.jobId);
    throw error;
  }
}
