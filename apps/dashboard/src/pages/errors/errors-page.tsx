import type { ErrorsAnswer } from '@tapedeck/contracts';
import { useQuery } from '@tanstack/react-query';
import { errorsQuery } from '../../api/queries.ts';
import { Answer } from '../../ui/answer.tsx';
import { formatCount } from '../../ui/format.ts';
import { EmptyState } from '../../ui/notice.tsx';
import { ErrorGroups } from './error-groups.tsx';
import './errors.css';

/** What jobs failed of: one look tells whether it is one thing or many. */
export function ErrorsPage() {
  const query = useQuery(errorsQuery);
  return (
    <>
      <div className="page-head">
        <h1>Errors</h1>
        {query.data && <p className="errors-sum muted">{summarize(query.data)}</p>}
      </div>
      <Answer query={query}>
        {({ groups }) => (groups.length === 0 ? <NothingFailed /> : <ErrorGroups groups={groups} />)}
      </Answer>
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
