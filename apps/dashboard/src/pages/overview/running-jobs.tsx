import { useQuery } from '@tanstack/react-query';
import { jobsQuery } from '../../api/queries.ts';
import { JobName, JobProgress } from '../jobs/job-cells.tsx';
import { buildJobsHref, buildListQuery } from '../jobs/job-search.ts';
import { Panel } from './panel.tsx';

const SHOWN = '6';
const QUERY = buildListQuery({ status: 'processing', limit: SHOWN });

/** What workers are doing now. */
export function RunningJobs() {
  const query = useQuery(jobsQuery(QUERY));
  return (
    <Panel
      title="Processing now"
      more={{ href: buildJobsHref({ status: 'processing' }), label: 'All of them' }}
      query={query}
      empty="No worker has a job. What waits is in the queue; the System page shows the workers."
    >
      {({ jobs }) => {
        // Those that have just ended are still in it for a moment.
        const running = jobs.filter(({ status }) => status === 'processing');
        return running.length === 0 ? null : (
          <ul className="running" role="list">
            {running.map((job) => (
              <li key={job.jobId}>
                <JobName job={job} />
                <JobProgress job={job} />
              </li>
            ))}
          </ul>
        );
      }}
    </Panel>
  );
}
