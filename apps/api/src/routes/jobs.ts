import {
  JobError,
  parseJobQuery,
  type JobList,
  type JobQuery,
  type JobView,
  type RequestIssues,
  type Stats,
} from '@tapedeck/contracts';
import {
  buildJobView,
  findJobs,
  loadForecast,
  loadRecord,
  loadRecords,
  loadStatistics,
  type Backend,
  type JobFilter,
  type JobRecord,
  type Redis,
} from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';
import { InvalidRequestError } from '../plugins/problem-details.ts';

type Jobs = Pick<Backend, 'redis' | 'queues'>;

/** Reading jobs. */
export async function jobRoutes(app: FastifyInstance, backend: Backend): Promise<void> {
  app.get<{ Querystring: Record<string, unknown> }>('/api/jobs', ({ query }) =>
    orUnavailable(() => listJobs(backend, requireValid(parseJobQuery(query)).query)),
  );
  app.get<{ Params: { jobId: string } }>('/api/jobs/:jobId', ({ params }) =>
    orUnavailable(async () => viewOf(backend, await requireRecord(backend.redis, params.jobId))),
  );
  app.get('/api/stats', () => orUnavailable(() => loadStats(backend)));
}

async function listJobs(backend: Jobs, query: JobQuery): Promise<JobList> {
  const { limit, offset } = query;
  const { jobIds, total, totalIsEstimate } = await findJobs(backend.redis, toFilter(query), { limit, offset });
  const jobs = await viewsOf(backend, await loadRecords(backend.redis, jobIds));
  return { total, ...(totalIsEstimate && { totalIsEstimate }), limit, offset, jobs };
}

function toFilter({ status = [], kind, q: prefix, from, to, sort, order }: JobQuery): JobFilter {
  return { statuses: status, kind, prefix, fromMs: from?.getTime(), toMs: to?.getTime(), sort, order };
}

async function loadStats(backend: Backend): Promise<Stats> {
  const { byStatus, successRate, averageConversionSec, ...counts } = await loadStatistics(backend);
  return {
    ...counts,
    ...byStatus,
    successRate: successRate ?? null,
    averageConversionSec: averageConversionSec ?? null,
  };
}

/** @throws InvalidRequestError */
export function requireValid<T extends { ok: true }>(parsed: T | { ok: false; issues: RequestIssues }): T {
  if (parsed.ok) return parsed;
  throw new InvalidRequestError(parsed.issues);
}

/** @throws JobError NOT_FOUND */
export async function requireRecord(redis: Redis, jobId: string): Promise<JobRecord> {
  const record = await loadRecord(redis, jobId);
  if (!record || record.deletedAtMs !== undefined) throw new JobError('NOT_FOUND', 'no job has this id');
  return record;
}

export async function viewOf(backend: Jobs, record: JobRecord): Promise<JobView> {
  const [view] = await viewsOf(backend, [record]);
  return view!;
}

/** The forecast is made once for all of them; those that have ended need none. */
async function viewsOf({ redis, queues }: Jobs, records: readonly JobRecord[]): Promise<JobView[]> {
  const isAnyAlive = records.some(({ finishedAtMs }) => finishedAtMs === undefined);
  const forecast = isAnyAlive ? await loadForecast(redis) : undefined;
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
