import { JobError, parseInput, priorityRequestSchema } from '@tapedeck/contracts';
import { changePriority } from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';
import { orUnavailable, requireRecord, requireValid, viewOf, type JobAccess } from '../job-access.ts';
import { convertAgain } from '../routes/convert-again.ts';
import { ADMIN_API_PATH } from './paths.ts';

type JobRoute = { Params: { jobId: string } };

const JOB_PATH = `${ADMIN_API_PATH}/jobs/:jobId`;

/** What operators do to a job, beside what its caller may do. */
export async function jobActionRoutes(app: FastifyInstance, access: JobAccess): Promise<void> {
  const { redis } = access;
  app.post<JobRoute>(`${JOB_PATH}/reconvert`, { config: { audit: 'job.reconvert' } }, ({ params }, reply) =>
    orUnavailable(async () => {
      const record = await requireRecord(redis, params.jobId);
      if (record.finishedAtMs === undefined) {
        throw new JobError('JOB_STATE_CONFLICT', `expected a job that has ended, and it is ${record.status}`);
      }
      return reply.code(202).send({ jobId: await convertAgain(access, record, record.request.priority) });
    }),
  );
  app.post<JobRoute>(`${JOB_PATH}/priority`, { config: { audit: 'job.priority' } }, ({ params, body }) =>
    orUnavailable(async () => {
      const { priority } = requireValid(parseInput(priorityRequestSchema, body)).value;
      const record = await requireRecord(redis, params.jobId);
      if (!(await changePriority(access, record, priority))) {
        throw new JobError('JOB_STATE_CONFLICT', `expected a job that waits, and it is ${record.status}`);
      }
      return viewOf(access, await requireRecord(redis, params.jobId));
    }),
  );
}
