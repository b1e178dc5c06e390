import { JobError, parseCompressRequest, uploadOf, type CompressAnswer, type Priority } from '@tapedeck/contracts';
import { changePriority, findByReference, retryJob, submitJob, type JobRecord } from '@tapedeck/jobs';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { nameJob } from '../plugins/request-log.ts';
import { orUnavailable, requireRecord, requireValid, viewOf } from '../job-access.ts';
import { deleteJob, type DeleteOptions } from './delete-job.ts';

type PostRoute = { Params: { wp_post_id: string } };

/**
 * The routes of the server that came before, for callers that have them: a post is the reference that its video was
 * sent with, and its job is the last one of that reference.
 */
export async function postRoutes(app: FastifyInstance, options: DeleteOptions): Promise<void> {
  const requirePost = async (request: FastifyRequest<PostRoute>): Promise<JobRecord> => {
    const record = await findByReference(options.redis, request.params.wp_post_id);
    if (!record) throw new JobError('NOT_FOUND', 'no job has this reference');
    nameJob(request, record.jobId);
    return record;
  };

  app.get<PostRoute>('/api/post/:wp_post_id', (request) =>
    orUnavailable(async () => viewOf(options, await requirePost(request))),
  );
  app.post<PostRoute>('/api/compress/:wp_post_id', { config: { audit: 'job.compress' } }, (request, reply) =>
    orUnavailable(async () => {
      const { priority } = requireValid(parseCompressRequest(request.body)).value;
      return reply.code(202).send(await compress(options, await requirePost(request), priority));
    }),
  );
  app.delete<PostRoute & { Querystring: { delete_files?: string } }>(
    '/api/post/:wp_post_id',
    { config: { audit: 'job.delete' } },
    (request) => orUnavailable(async () => deleteJob(options, (await requirePost(request)).jobId, request.query)),
  );
}

/**
 * One that waits goes to where its priority puts it; one that runs goes on; any other is converted once more, as it was
 * asked for.
 */
async function compress(options: DeleteOptions, record: JobRecord, priority: Priority): Promise<CompressAnswer> {
  const { redis } = options;
  const { jobId, caller, outputName, maxAttempts } = record;
  const request = { ...record.request, priority };
  if (record.finishedAtMs === undefined) {
    await changePriority(options, record, priority);
    return describe(options, jobId);
  }
  if (record.status !== 'completed' && (await retryJob(options, record)) === 'requeued') {
    await changePriority(options, await requireRecord(redis, jobId), priority);
    return describe(options, jobId);
  }
  // Whoever can put there once cannot put there again.
  if (uploadOf(request)) {
    throw new JobError('JOB_STATE_CONFLICT', 'its result went to a URL of the caller; send it with another');
  }
  const submitted = await submitJob(options, { request, caller, outputName, maxAttempts, idempotencyKey: undefined });
  return describe(options, submitted.jobId);
}

async function describe(options: DeleteOptions, jobId: string): Promise<CompressAnswer> {
  const view = await viewOf(options, await requireRecord(options.redis, jobId));
  return { ...view, position_in_queue: view.positionInQueue };
}
