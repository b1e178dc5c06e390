import type { ErrorCode, ErrorsAnswer } from '@tapedeck/contracts';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { errorsQuery } from '../../api/queries.ts';
import { BulkDialog } from '../../bulk/bulk-dialog.tsx';
import { Answer } from '../../ui/answer.tsx';
import { formatCount } from '../../ui/format.ts';
import { usePageTitle } from '../../ui/page-title.ts';
import { EmptyState } from '../../ui/states.tsx';
import { ErrorGroups } from './error-groups.tsx';
import './errors.css';

/** What jobs failed of: one look tells whether it is one thing or many. */
export function ErrorsPage() {
  usePageTitle('Errors');
  const query = useQuery(errorsQuery);
  // Not beside its row, which goes with the last job that failed of it, while the dialog still tells of that.
  const [retried, setRetried] = useState<ErrorCode>();
  return (
    <>
      <div className="page-head">
        <h1>Errors</h1>
        {query.data && <p className="errors-sum muted">{summarize(query.data)}</p>}
      </div>
      <Answer query={query}>
        {({ groups }) =>
          groups.length === 0 ? <NothingFailed /> : <ErrorGroups groups={groups} onRetry={setRetried} />
        }
      </Answer>
      {retried && (
        <BulkDialog
          action="retry"
          target={{ filter: { code: retried } }}
          title={`Retry jobs that failed of ${retried}`}
          onClose={() => setRetried(undefined)}
        />
      )}
    </>
  );
}

function summarize({ groups }: ErrorsAnswer): string {
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  if (count === 0) return '';
  const jobs = count === 1 ? 'One failed job' : `${formatCount(count)} failed jobs`;
  return groups.length === 1 ? `${jobs}, one code` : `${jobs}, ${groups.length} codes`;
}

function NothingFailed() {
  return (
    <EmptyState title="Nothing has failed.">
      <p>Failed jobs are counted here by what they failed of, as long as they are kept and are not tried again.</p>
    </EmptyState>
  );
}
