import { JobError, parseCompressRequest, type CompressAnswer, type Priority } from '@tapedeck/contracts';
import { changePriority, findByReference, type JobRecord } from '@tapedeck/jobs';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { nameJob } from '../plugins/request-log.ts';
import { orUnavailable, requireRecord, requireValid, viewOf } from '../job-access.ts';
import { convertAgain } from './convert-again.ts';
import { deleteJob, parseDeleteFiles, type DeleteOptions, type DeleteQuery } from './delete-job.ts';

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
  app.delete<PostRoute & { Querystring: DeleteQuery }>(
    '/api/post/:wp_post_id',
    { config: { audit: 'job.delete' } },
    (request) =>
      orUnavailable(async () =>
        deleteJob(options, (await requirePost(request)).jobId, parseDeleteFiles(request.query)),
      ),
  );
}

/** One that waits goes to where its priority puts it; one that runs goes on; any other is converted once more. */
async function compress(options: DeleteOptions, record: JobRecord, priority: Priority): Promise<CompressAnswer> {
  if (record.finishedAtMs !== undefined) return describe(options, await convertAgain(options, record, priority));
  await changePriority(options, record, priority);
  return describe(options, record.jobId);
}

async function describe(options: DeleteOptions, jobId: string): Promise<CompressAnswer> {
  const view = await viewOf(options, await requireRecord(options.redis, jobId));
  return { ...view, position_in_queue: view.positionInQueue };
}
