import type { JobList, JobView } from '@tapedeck/contracts';
import type { QueryClient } from '@tanstack/react-query';
import { ALL_LISTS, jobQuery } from './queries.ts';

/**
 * Puts what was told of a job wherever it is shown. An answer about it that is under way is older, and called off. One
 * with a list is not, or a list with many jobs at work in it would never come: whoever calls this has lists asked for
 * anew soon after, which takes the place of it.
 */
export function showJob(client: QueryClient, job: JobView): void {
  const { queryKey } = jobQuery(job.jobId);
  if (client.getQueryState(queryKey)) {
    void client.cancelQueries({ queryKey });
    client.setQueryData(queryKey, job);
  }
  client.setQueriesData<JobList>({ queryKey: ALL_LISTS }, (list) => {
    if (!list?.jobs.some(({ jobId }) => jobId === job.jobId)) return list;
    return { ...list, jobs: list.jobs.map((one) => (one.jobId === job.jobId ? job : one)) };
  });
}
