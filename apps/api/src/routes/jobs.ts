import { JobError } from '@tapedeck/contracts';
import { buildJobView, loadRecord, type Queues, type Redis } from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';

/** Reading jobs. */
export async function jobRoutes(
  app: FastifyInstance,
  { redis, queues }: { redis: Redis; queues: Queues },
): Promise<void> {
  app.get<{ Params: { jobId: string } }>('/api/jobs/:jobId', async (request) => {
    const { jobId } = request.params;
    const [record, positionInQueue] = await Promise.all([loadRecord(redis, jobId), queues.positionOf(jobId)]).catch(
      (cause: unknown) => {
        throw new JobError('QUEUE_UNAVAILABLE', 'the job cannot be read now', { cause });
      },
    );
    if (!record) throw new JobError('NOT_FOUND', 'no job has this id');
    return buildJobView(record, positionInQueue);
  });
}
