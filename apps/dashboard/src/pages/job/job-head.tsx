import type { JobView, Priority } from '@tapedeck/contracts';
import { Link } from 'wouter';
import { useSession } from '../../api/session.ts';
import { StatusBadge } from '../../ui/badge.tsx';
import { useNowMs } from '../../ui/clock.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { ProgressBar } from '../../ui/progress-bar.tsx';
import { JobActions } from './job-actions.tsx';
import { describeState } from './job-state.ts';

/** Which job it is, and why its video is there or not. */
export function JobHead({ job, priority }: { job: JobView; priority: Priority | undefined }) {
  const { mayChange } = useSession();
  return (
    <header className="job-head">
      <p className="crumbs">
        <Link href="/jobs">Jobs</Link> <span aria-hidden="true">/</span> {job.kind}
      </p>
      <div className="job-title">
        <h1>{job.slug}</h1>
        <StatusBadge status={job.status} />
      </div>
      <p className="muted job-names">
        <span>
          Reference <b>{job.reference}</b> <CopyButton text={job.reference} label="Copy the reference" />
        </span>
        <span>
          Job <code>{job.jobId}</code> <CopyButton text={job.jobId} label="Copy the job's id" />
        </span>
      </p>
      <State job={job} />
      {job.error && <JobFailure error={job.error} isOver={job.finishedAt !== null} />}
      {mayChange && <JobActions job={job} priority={priority} />}
    </header>
  );
}

function State({ job }: { job: JobView }) {
  const nowMs = useNowMs();
  const isAlive = job.status === 'queued' || job.status === 'processing';
  return (
    <div className={isAlive ? 'job-state alive' : 'job-state'}>
      <p>{describeState(job, nowMs)}</p>
      {isAlive && (
        <div className="head-progress">
          <ProgressBar percent={job.progress} label="Progress of the job" />
          <span className="number">{Math.floor(job.progress)} %</span>
        </div>
      )}
    </div>
  );
}

function JobFailure({ error, isOver }: { error: NonNullable<JobView['error']>; isOver: boolean }) {
  const { code, message, retryable, phase } = error;
  return (
    <div className="failure">
      <p className="failure-message">{message}</p>
      <p>
        <Link href={`/jobs?code=${encodeURIComponent(code)}`} title="All jobs with this error">
          {code}
        </Link>
        {phase && ` in the phase ${phase}`}.{' '}
        {isOver &&
          (retryable
            ? 'A retry may help: such errors pass.'
            : 'A retry ends the same way, unless what caused it is changed.')}
      </p>
    </div>
  );
}
