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
    ({ params, query }) => orUnavailable(async () => deleteJob(options, params.jobId, parseDeleteFiles(query))),
  );
}

export interface DeleteQuery {
  delete_files?: string;
}

/** @throws InvalidRequestError */
export function parseDeleteFiles({ delete_files: value }: DeleteQuery): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  const message = `expected true or false, got ${JSON.stringify(value)}`;
  throw new InvalidRequestError([{ path: 'delete_files', message }]);
}

/** @throws JobError NOT_FOUND, JOB_STATE_CONFLICT, STORAGE_… */
export async function deleteJob(options: DeleteOptions, jobId: string, withFiles: boolean): Promise<Deleted> {
  const { redis } = options;
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
