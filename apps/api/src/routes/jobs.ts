import { JobError, type JobView } from '@tapedeck/contracts';
import { buildJobView, loadForecast, loadRecord, type Backend, type JobRecord, type Redis } from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';

/** Reading jobs. */
export async function jobRoutes(app: FastifyInstance, backend: Backend): Promise<void> {
  app.get<{ Params: { jobId: string } }>('/api/jobs/:jobId', async ({ params }) =>
    orUnavailable(async () => viewOf(backend, await requireRecord(backend.redis, params.jobId))),
  );
}

/** @throws JobError NOT_FOUND */
export async function requireRecord(redis: Redis, jobId: string): Promise<JobRecord> {
  const record = await loadRecord(redis, jobId);
  if (!record || record.deletedAtMs !== undefined) throw new JobError('NOT_FOUND', 'no job has this id');
  return record;
}

export async function viewOf({ redis, queues }: Backend, record: JobRecord): Promise<JobView> {
  const [view] = await viewsOf({ redis, queues }, [record]);
  return view!;
}

/** The forecast is made once for all of them; those that have ended need none. */
export async function viewsOf(
  { redis, queues }: Pick<Backend, 'redis' | 'queues'>,
  records: readonly JobRecord[],
): Promise<JobView[]> {
  const isAlive = records.some(({ finishedAtMs }) => finishedAtMs === undefined);
  const forecast = isAlive ? await loadForecast(redis) : undefined;
  return Promise.all(
    records.map(async (record) => {
      const positionInQueue = record.status === 'queued' ? await queues.positionOf(record) : null;
      return buildJobView(record, { positionInQueue, completionAtMs: forecast?.completionOf(record, positionInQueue) });
    }),
  );
}

/** @throws JobError QUEUE_UNAVAILABLE for whatever Redis throws */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((cause: unknown) => {
    if (cause instanceof JobError) throw cause;
    throw new JobError('QUEUE_UNAVAILABLE', 'the job cannot be read or changed now', { cause });
  });
}
