import { expect, test } from '@jest/globals';
import type { JobList, JobView } from '@tapedeck/contracts';
import { QueryClient } from '@tanstack/react-query';
import { isAboutJobs, jobQuery, jobsQuery } from './queries.ts';
import { showJob } from './show-job.ts';

const build = (progress: number) => ({ jobId: 'tape_1', progress }) as JobView;
const { queryKey } = jobQuery('tape_1');

test.each([
  ['shown', build(10)],
  ['asked for the first time', undefined],
])('an older answer does not take the place of newer news, for a job that is %s', async (_, shown) => {
  const client = new QueryClient();
  if (shown) client.setQueryData(queryKey, shown);
  const { promise, resolve } = Promise.withResolvers<JobView>();
  const asked = client.fetchQuery({ queryKey, queryFn: () => promise, staleTime: 0 }).catch(() => undefined);
  showJob(client, build(50));
  resolve(build(20));
  await asked;
  await promise;
  expect(client.getQueryData(queryKey)?.progress).toBe(50);
  client.clear();
});

test('it is put into lists that have it, and nowhere else', () => {
  const client = new QueryClient();
  const list = (jobs: JobView[]) => ({ jobs, total: 1, limit: 50, offset: 0 }) as JobList;
  const [having, other] = [jobsQuery('limit=50').queryKey, jobsQuery('limit=20').queryKey];
  client.setQueryData(having, list([build(10)]));
  client.setQueryData(other, list([]));
  showJob(client, build(50));
  expect(client.getQueryData(having)?.jobs).toEqual([build(50)]);
  expect(client.getQueryData(other)?.jobs).toEqual([]);
  expect(client.getQueryState(queryKey)).toBeUndefined();
  client.clear();
});

test('lists are asked for anew when something happens to a job, and the job itself is not', () => {
  expect([jobsQuery('limit=50'), jobQuery('tape_1')].map(isAboutJobs)).toEqual([true, false]);
});
