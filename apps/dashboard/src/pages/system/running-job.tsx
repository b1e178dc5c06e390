import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { jobQuery } from '../../api/queries.ts';
import { ProgressBar } from '../../ui/progress-bar.tsx';

/** A job that a worker runs now, and how far it is. Its place is the same before that is known. */
export function RunningJob({ jobId }: { jobId: string }) {
  const { data: job } = useQuery(jobQuery(jobId));
  return (
    <li>
      <Link href={`/jobs/${encodeURIComponent(jobId)}`}>{job ? job.slug || job.reference : jobId}</Link>
      <span className="muted running-phase">
        {job ? `${job.phase ?? job.status}, ${Math.floor(job.progress)} %` : '…'}
      </span>
      <ProgressBar percent={job?.progress ?? 0} label={`Progress of ${job?.slug || jobId}`} />
    </li>
  );
}
