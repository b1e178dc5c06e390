import type { JobView } from '@tapedeck/contracts';
import { Link } from 'wouter';
import { Age } from '../../ui/age.tsx';
import { CallbackBadge } from '../../ui/badge.tsx';
import { useNowMs } from '../../ui/clock.ts';
import { formatClock, formatCount, formatDuration } from '../../ui/format.ts';
import { ProgressBar } from '../../ui/progress-bar.tsx';
import { buildJobsHref } from './job-search.ts';

export function JobName({ job: { jobId, reference, slug } }: { job: JobView }) {
  return (
    <span className="job-name">
      <Link href={`/jobs/${encodeURIComponent(jobId)}`} title={reference}>
        {reference}
      </Link>
      <span className="muted" title={slug}>
        {slug}
      </span>
    </span>
  );
}

/** How far it is, or why it is no further. */
export function JobProgress({ job }: { job: JobView }) {
  const { status, phase, progress, positionInQueue, error, reference } = job;
  if (status === 'processing') {
    return (
      <span className="job-progress">
        <span className="job-phase">
          <span>{phase ?? 'begins'}</span>
          <span className="number">{Math.floor(progress)} %</span>
        </span>
        <ProgressBar percent={progress} label={`Progress of ${reference}`} />
      </span>
    );
  }
  if (error) {
    return (
      <Link className="error-code" href={buildJobsHref({ code: error.code })} title={error.message}>
        {error.code}
      </Link>
    );
  }
  if (status !== 'queued') return null;
  return (
    <span className="muted">
      {positionInQueue === null ? 'waits' : `${formatCount(positionInQueue)}. in the queue`}
    </span>
  );
}

/** Of the result, and of its making. */
export function JobDuration({ job: { output, startedAt, finishedAt } }: { job: JobView }) {
  return (
    <span className="two-lines">
      <span>{output ? formatClock(output.duration) : '–'}</span>
      {startedAt !== null && (
        <span className="muted">
          {finishedAt === null ? <SoFar startedAt={startedAt} /> : `took ${formatTook(startedAt, finishedAt)}`}
        </span>
      )}
    </span>
  );
}

function formatTook(startedAt: string, finishedAt: string): string {
  return formatDuration(Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
}

function SoFar({ startedAt }: { startedAt: string }) {
  const nowMs = useNowMs();
  return `${formatDuration(Math.max(1, Math.round((nowMs - Date.parse(startedAt)) / 1000)))} so far`;
}

export function JobEnd({ job: { finishedAt, estimatedCompletionAt } }: { job: JobView }) {
  if (finishedAt !== null) return <Age at={finishedAt} />;
  if (estimatedCompletionAt === null) return <span className="muted">–</span>;
  return (
    <span className="muted" title="Expected">
      <Age at={estimatedCompletionAt} />
    </span>
  );
}

export function JobCallback({ job: { callback, finishedAt } }: { job: JobView }) {
  const { status, attempts, lastStatus } = callback;
  // Nothing is sent before the end.
  if (finishedAt === null) return <span className="muted">–</span>;
  const answer = lastStatus === null ? 'no answer' : `HTTP ${lastStatus}`;
  return (
    <span title={attempts === 0 ? 'not sent yet' : `sent ${attempts}×, last: ${answer}`}>
      <CallbackBadge status={status} />
      {status !== 'delivered' && attempts > 0 && <span className="muted callback-answer">{answer}</span>}
    </span>
  );
}
