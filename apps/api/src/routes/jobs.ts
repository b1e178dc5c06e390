import { parseJobQuery, type JobList, type JobQuery, type Stats } from '@tapedeck/contracts';
import { findJobs, loadRecords, loadStatistics, type JobFilter } from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';
import { orUnavailable, requireRecord, requireValid, viewOf, viewsOf, type JobAccess } from '../job-access.ts';

/** Reading jobs. */
export async function jobRoutes(app: FastifyInstance, access: JobAccess): Promise<void> {
  app.get<{ Querystring: Record<string, unknown> }>('/api/jobs', ({ query: parameters }) => {
    const { query } = requireValid(parseJobQuery(parameters));
    const list = () => listJobs(access, query);
    return orUnavailable(() => (query.q === undefined ? list() : access.searchInTurn(list)));
  });
  app.get<{ Params: { jobId: string } }>('/api/jobs/:jobId', ({ params }) =>
    orUnavailable(async () => viewOf(access, await requireRecord(access.redis, params.jobId))),
  );
  app.get('/api/stats', () => orUnavailable(() => loadStats(access)));
}

async function listJobs(access: JobAccess, query: JobQuery): Promise<JobList> {
  const { limit, offset } = query;
  const { jobIds, total, totalIsEstimate } = await findJobs(access.redis, toFilter(query), { limit, offset });
  const jobs = await viewsOf(access, await loadRecords(access.redis, jobIds));
  return { total, ...(totalIsEstimate && { totalIsEstimate }), limit, offset, jobs };
}

/** Which jobs a query asks for. */
export function toFilter({ status = [], kind, code, q: prefix, from, to, sort, order }: JobQuery): JobFilter {
  return { statuses: status, kind, code, prefix, fromMs: from?.getTime(), toMs: to?.getTime(), sort, order };
}

export async function loadStats(access: JobAccess): Promise<Stats> {
  const { byStatus, successRate, averageConversionSec, ...counts } = await loadStatistics(access);
  return {
    ...counts,
    ...byStatus,
    successRate: successRate ?? null,
    averageConversionSec: averageConversionSec ?? null,
  };
}
