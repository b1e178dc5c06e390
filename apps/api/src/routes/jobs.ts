import { JobError, type JobView } from '@tapedeck/contracts';
import { buildJobView, loadRecord, type Backend, type JobRecord, type Queues, type Redis } from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';

/** Reading jobs. */
export async function jobRoutes(app: FastifyInstance, { redis, queues }: Backend): Promise<void> {
  app.get<{ Params: { jobId: string } }>('/api/jobs/:jobId', async ({ params }) =>
    orUnavailable(async () => viewOf(queues, await requireRecord(redis, params.jobId))),
  );
}

/** @throws JobError NOT_FOUND */
export async function requireRecord(redis: Redis, jobId: string): Promise<JobRecord> {
  const record = await loadRecord(redis, jobId);
  if (!record || record.deletedAtMs !== undefined) throw new JobError('NOT_FOUND', 'no job has this id');
  return record;
}

export async function viewOf(queues: Queues, record: JobRecord): Promise<JobView> {
  return buildJobView(record, record.status === 'queued' ? await queues.positionOf(record) : null);
}

/** @throws JobError QUEUE_UNAVAILABLE for whatever Redis throws */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((cause: unknown) => {
    if (cause instanceof JobError) throw cause;
    throw new JobError('QUEUE_UNAVAILABLE', 'the job cannot be read or changed now', { cause });
  });
}
