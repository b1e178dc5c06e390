import type { JobDetails, JobView } from '@tapedeck/contracts';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link } from 'wouter';
import { ProblemError } from '../../api/client.ts';
import { detailsQuery, jobQuery } from '../../api/queries.ts';
import { usePageTitle } from '../../ui/page-title.ts';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { CallbackSection } from './callback-section.tsx';
import { buildFacts } from './facts.ts';
import { FactsList } from './facts-list.tsx';
import { JobHead } from './job-head.tsx';
import './job.css';
import { MetadataSection, RequestSection } from './request-section.tsx';
import { ResultSection } from './result-section.tsx';
import { Section } from './section.tsx';
import { buildTimeline } from './timeline.ts';
import { TimelineSection } from './timeline-section.tsx';
import { listToolRuns } from './tool-runs.ts';
import { ToolsSection } from './tools-section.tsx';

/** Why one video is there or not, and everything that is known of its job. */
export function JobPage({ jobId }: { jobId: string }) {
  const job = useQuery(jobQuery(jobId));
  usePageTitle(job.data?.slug || jobId);
  const details = useQuery(detailsQuery(jobId));
  if (isGone(job.error)) return <Gone jobId={jobId} />;
  if (job.data) {
    const again = (): void => void details.refetch();
    return <Job job={job.data} details={details.data} error={details.error} onRetry={again} />;
  }
  return job.error ? <ErrorState error={job.error} onRetry={() => void job.refetch()} /> : <Loading rows={10} />;
}

const isGone = (error: Error | null): boolean => error instanceof ProblemError && error.problem.code === 'NOT_FOUND';

function Gone({ jobId }: { jobId: string }) {
  return (
    <EmptyState title="There is no such job.">
      <p>
        <code>{jobId}</code> was deleted, or forgotten: jobs are kept for a while after they have ended, and their
        results do not go with them.
      </p>
      <p>
        <Link href="/jobs">All jobs</Link>
      </p>
    </EmptyState>
  );
}

interface JobProps {
  job: JobView;
  details: JobDetails | undefined;
  /** Why there are no details, or no newer ones. */
  error: Error | null;
  onRetry(): void;
}

function Job({ job, details, error, onRetry }: JobProps) {
  return (
    <>
      <JobHead job={job} priority={details?.priority} />
      <div className="job-columns">
        <div className="job-column">
          <ResultSection job={job} details={details} hasFailed={error !== null} />
          {details && <History details={details} />}
          {!details && (error ? <ErrorState error={error} onRetry={onRetry} /> : <Loading rows={6} />)}
        </div>
        <div className="job-column">
          {details && <CallbackSection job={job} callbackUrl={details.callbackUrl} history={details.history} />}
          <RequestSection job={job} details={details} />
          {job.plan && <Plan plan={job.plan} />}
          {job.metadata && <MetadataSection metadata={job.metadata} />}
        </div>
      </div>
    </>
  );
}

function History({ details: { history, run } }: { details: JobDetails }) {
  const runs = useMemo(() => buildTimeline(history, run), [history, run]);
  const toolRuns = useMemo(() => listToolRuns(history), [history]);
  return (
    <>
      <TimelineSection runs={runs} />
      <ToolsSection runs={toolRuns} />
    </>
  );
}

function Plan({ plan }: { plan: NonNullable<JobView['plan']> }) {
  return (
    <Section title="Plan">
      <FactsList facts={buildFacts(plan)} />
    </Section>
  );
}
