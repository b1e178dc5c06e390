import type { BulkPreview } from '@tapedeck/contracts';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ErrorState, Loading } from '../ui/states.tsx';
import { previewBulk, type BulkOrder } from './bulk-run.ts';
import { BULK_WORDS, countJobs } from './bulk-words.ts';

export interface BulkPreviewStepProps {
  order: BulkOrder;
  /** What else is to be chosen. */
  children?: ReactNode;
  onStart: () => void;
  onClose: () => void;
}

/** Says to which jobs it would be done. */
export function BulkPreviewStep({ order, children, onStart, onClose }: BulkPreviewStepProps) {
  const { action } = order;
  const { data, error, refetch } = useQuery({
    queryKey: ['bulk-preview', order],
    queryFn: () => previewBulk(order),
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  const isUseless = data?.applicable === 0;
  const count = data ? countJobs(data.applicable, data.isEstimate) : 'jobs';
  return (
    <>
      <div className="dialog-body bulk-body">
        {data ? (
          <Preview order={order} preview={data} />
        ) : error ? (
          <ErrorState error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading rows={3} />
        )}
        {!isUseless && children}
      </div>
      <div className="buttons end">
        <button type="button" onClick={onClose} autoFocus>
          {isUseless ? 'Close' : 'Keep as it is'}
        </button>
        {!isUseless && (
          <button
            type="button"
            className={action === 'delete' || action === 'cancel' ? 'primary danger' : 'primary'}
            disabled={!data}
            onClick={onStart}
          >
            {BULK_WORDS[action].verb} {count}
          </button>
        )}
      </div>
    </>
  );
}

function Preview({ order, preview }: { order: BulkOrder; preview: BulkPreview }) {
  const { matching, applicable, isEstimate, sample } = preview;
  const { appliesTo, effect } = BULK_WORDS[order.action];
  const origin = 'filter' in order ? 'fit the filter' : matching === 1 ? 'is selected' : 'are selected';
  const others = applicable - sample.length;
  return (
    <>
      <p>
        {countJobs(matching, isEstimate)} {matching === 1 && 'filter' in order ? 'fits the filter' : origin}.{' '}
        {applicable < matching && (
          <>
            This is for {appliesTo}: <strong>{countJobs(applicable, isEstimate)}</strong>.
          </>
        )}
      </p>
      {applicable > 0 && <p>{effect}</p>}
      {sample.length > 0 && (
        <ul className="bulk-sample">
          {sample.map(({ jobId, reference, slug }) => (
            <li key={jobId}>
              {reference} <span className="muted">{slug}</span>
            </li>
          ))}
          {others > 0 && <li className="muted">and {countJobs(others, isEstimate)} more</li>}
        </ul>
      )}
    </>
  );
}
