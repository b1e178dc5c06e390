import type {
  ActivityAnswer,
  AuditAnswer,
  ChartsAnswer,
  ErrorsAnswer,
  JobDetails,
  JobList,
  JobView,
  SessionAnswer,
  Stats,
  SystemAnswer,
} from '@tapedeck/contracts';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ask } from './client.ts';

/**
 * Everything that the page reads, under the names by which live-connection.ts refreshes it. While nothing comes by
 * itself, it is asked for every `POLL_MS`; see `useLive`.
 */
export const POLL_MS = 10_000;

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: () => ask<SessionAnswer>('/api/session'),
  staleTime: Infinity,
});

export const statsQuery = queryOptions({ queryKey: ['stats'], queryFn: () => ask<Stats>('/api/stats') });

export const chartsQuery = (hours: number) =>
  queryOptions({
    queryKey: ['charts', hours],
    queryFn: () => ask<ChartsAnswer>(`/api/charts?hours=${hours}`),
    placeholderData: keepPreviousData,
  });

/** Every page of every list. */
export const ALL_LISTS = ['jobs'] as const;
/** Every job that has a page open. */
export const ALL_JOBS = ['job'] as const;

/** @param search the parameters of `GET /api/jobs`, in a fixed order */
export const jobsQuery = (search: string) =>
  queryOptions({
    queryKey: [...ALL_LISTS, search],
    queryFn: ({ signal }) => ask<JobList>(`/api/jobs?${search}`, { signal }),
    placeholderData: keepPreviousData,
  });

export const jobQuery = (jobId: string) =>
  queryOptions({
    queryKey: [...ALL_JOBS, jobId],
    queryFn: () => ask<JobView>(`/api/jobs/${encodeURIComponent(jobId)}`),
  });

export const detailsQuery = (jobId: string) =>
  queryOptions({
    queryKey: ['details', jobId],
    queryFn: () => ask<JobDetails>(`/api/jobs/${encodeURIComponent(jobId)}/details`),
  });

export const errorsQuery = queryOptions({
  queryKey: ['errors'],
  queryFn: () => ask<ErrorsAnswer>('/api/errors'),
});

export const activityQuery = (limit: number) =>
  queryOptions({
    queryKey: ['activity', limit],
    queryFn: () => ask<ActivityAnswer>(`/api/activity?limit=${limit}`),
  });

export const auditQuery = (before: string | undefined) =>
  queryOptions({
    queryKey: ['audit', before ?? ''],
    queryFn: () =>
      ask<AuditAnswer>(`/api/audit?limit=50${before === undefined ? '' : `&before=${encodeURIComponent(before)}`}`),
    placeholderData: keepPreviousData,
  });

export const systemQuery = queryOptions({
  queryKey: ['system'],
  queryFn: () => ask<SystemAnswer>('/api/system'),
  // Workers give a sign of life this often, and nobody tells of it.
  refetchInterval: 5_000,
});

const aboutJobs = [jobsQuery(''), detailsQuery(''), errorsQuery, activityQuery(0), chartsQuery(0)];
const ABOUT_JOBS: readonly unknown[] = aboutJobs.map(({ queryKey: [name] }) => name);

/** Whether it is another one when something has happened to a job; a job itself is told as it is. */
export function isAboutJobs({ queryKey }: { queryKey: readonly unknown[] }): boolean {
  return ABOUT_JOBS.includes(queryKey[0]);
}
