import type { BulkPreview, BulkProgress } from '@tapedeck/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { post } from '../../api/client.ts';
import { systemQuery } from '../../api/queries.ts';
import { readToEnd } from '../../api/read-to-end.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { formatCount } from '../../ui/format.ts';
import { ProgressBar } from '../../ui/progress-bar.tsx';
import { useToasts } from '../../ui/toasts.tsx';

const REQUEST = { action: 'cancel', filter: { status: 'queued' } };

/** Cancels all jobs that wait. It says first how many, and which. */
export function ClearQueue() {
  const { tell, complain } = useToasts();
  const [preview, setPreview] = useState<BulkPreview>();
  const look = useMutation({
    mutationFn: () => post<BulkPreview>('/api/bulk', { ...REQUEST, dryRun: true }),
    onSuccess: (found) =>
      found.applicable === 0 ? tell('No job waits: there is nothing to cancel.') : setPreview(found),
    onError: complain,
  });
  const { progress, begin, stop } = useClearing();
  if (progress) return <Clearing progress={progress} onStop={stop} />;
  return (
    <>
      <button type="button" className="danger" disabled={look.isPending} onClick={() => look.mutate()}>
        Clear the queue …
      </button>
      {preview && (
        <Confirm
          title="Cancel all jobs that wait?"
          action={`Cancel ${countJobs(preview.applicable)}`}
          isDanger
          onConfirm={() => {
            setPreview(undefined);
            begin(preview);
          }}
          onClose={() => setPreview(undefined)}
        >
          <Consequences preview={preview} />
        </Confirm>
      )}
    </>
  );
}

/** The work itself, which ends with the page. */
function useClearing() {
  const client = useQueryClient();
  const { tell, complain } = useToasts();
  const [progress, setProgress] = useState<BulkProgress>();
  const [stopper, setStopper] = useState<AbortController>();
  useEffect(() => () => stopper?.abort(), [stopper]);
  const begin = ({ applicable: total }: BulkPreview): void => {
    const controller = new AbortController();
    let last: BulkProgress = { total, seen: 0, done: 0, skipped: 0, failed: 0, lastProblem: null, isOver: false };
    const onLine = (line: BulkProgress): void => setProgress((last = line));
    setStopper(controller);
    setProgress(last);
    readToEnd<BulkProgress>('/api/bulk', { ...REQUEST, dryRun: false }, controller.signal, onLine)
      .then(
        () => tell(describeEnd(last)),
        (error: Error) => (controller.signal.aborted ? tell(`Stopped. ${describeEnd(last)}`) : complain(error)),
      )
      .finally(() => {
        setProgress(undefined);
        void client.invalidateQueries({ queryKey: systemQuery.queryKey });
      });
  };
  return { progress, begin, stop: () => stopper?.abort() };
}

function Consequences({ preview: { applicable, isEstimate, sample } }: { preview: BulkPreview }) {
  const rest = applicable - sample.length;
  return (
    <>
      <p>
        {isEstimate && 'About '}
        {countJobs(applicable)} will end as canceled, and their callers are told so. Jobs that a worker has begun are
        left alone.
      </p>
      <ul>
        {sample.map(({ jobId, slug, reference }) => (
          <li key={jobId}>
            {slug || jobId} <span className="muted">{reference}</span>
          </li>
        ))}
        {rest > 0 && <li>and {formatCount(rest)} more</li>}
      </ul>
    </>
  );
}

function Clearing({ progress: { seen, total }, onStop }: { progress: BulkProgress; onStop: () => void }) {
  return (
    <div className="buttons clearing">
      <div>
        <span>
          Canceling: {formatCount(seen)} of {formatCount(total)}
        </span>
        <ProgressBar percent={total > 0 ? (100 * seen) / total : 0} label="Canceling the jobs that wait" />
      </div>
      <button type="button" onClick={onStop}>
        Stop
      </button>
    </div>
  );
}

function describeEnd({ done, skipped, failed, lastProblem }: BulkProgress): string {
  const rest = [skipped > 0 && `${formatCount(skipped)} left alone`, failed > 0 && `${formatCount(failed)} failed`];
  const said = [`${countJobs(done)} canceled`, ...rest].filter(Boolean).join(', ');
  return lastProblem === null ? `${said}.` : `${said}. The last reason: ${lastProblem}`;
}

function countJobs(count: number): string {
  return count === 1 ? 'one job' : `${formatCount(count)} jobs`;
}
