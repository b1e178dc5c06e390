import type { ErrorCode, ErrorGroup } from '@tapedeck/contracts';
import { Link } from 'wouter';
import { useSession } from '../../api/session.ts';
import { Age } from '../../ui/age.tsx';
import { Badge } from '../../ui/badge.tsx';
import { formatCount, formatPercent } from '../../ui/format.ts';
import { ProgressBar } from '../../ui/progress-bar.tsx';
import { buildJobsHref } from '../jobs/job-search.ts';

interface ErrorGroupsProps {
  groups: readonly ErrorGroup[];
  onRetry: (code: ErrorCode) => void;
}

/** Roles are said once more: where the rows are blocks, on a narrow screen, browsers take them for no table. */
export function ErrorGroups({ groups, onRetry }: ErrorGroupsProps) {
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  return (
    <table role="table" className="errors">
      <caption className="visually-hidden">Failed jobs by what they failed of, the most frequent first</caption>
      <thead role="rowgroup">
        <tr role="row">
          {['What', 'Jobs', 'Trying again', 'The last one'].map((title) => (
            <th key={title} role="columnheader" scope="col">
              {title}
            </th>
          ))}
          <th role="columnheader" scope="col">
            <span className="visually-hidden">Links</span>
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {groups.map((group) => (
          <Group key={group.code} group={group} total={total} onRetry={() => onRetry(group.code)} />
        ))}
      </tbody>
    </table>
  );
}

interface GroupProps {
  group: ErrorGroup;
  total: number;
  onRetry: () => void;
}

function Group({ group, total, onRetry }: GroupProps) {
  const { code, title, count, retryable } = group;
  return (
    <tr role="row">
      <th role="rowheader" scope="row" className="errors-what">
        <code>{code}</code>
        <span>{title}</span>
      </th>
      <td role="cell" className="errors-count">
        <span>
          {formatCount(count)} <span className="muted">{formatPercent(count / total)}</span>
        </span>
        <ProgressBar percent={(100 * count) / total} label={`${code}: share of all failed jobs`} />
      </td>
      <td role="cell">{retryable ? <Badge tone="good">may help</Badge> : <Badge tone="quiet">will not help</Badge>}</td>
      <td role="cell">
        <LastOne group={group} />
      </td>
      <td role="cell">
        <Ways group={group} onRetry={onRetry} />
      </td>
    </tr>
  );
}

function LastOne({ group: { lastAtMs, example } }: { group: ErrorGroup }) {
  return (
    <div className="errors-last">
      <span>
        <Link href={`/jobs/${encodeURIComponent(example.jobId)}`}>{example.slug || example.reference}</Link>
        <span className="muted">
          {' '}
          <Age at={lastAtMs} />
          {example.phase && `, during ${example.phase}`}
        </span>
      </span>
      <span>{example.message}</span>
    </div>
  );
}

function Ways({ group: { code, count, retryable }, onRetry }: Omit<GroupProps, 'total'>) {
  const { mayChange } = useSession();
  return (
    <div className="errors-ways">
      <Link href={buildJobsHref({ code })}>
        {count === 1 ? 'Show the job' : `Show all ${formatCount(count)}`}
        <span className="visually-hidden"> of {code}</span>
      </Link>
      {mayChange && retryable && (
        <button type="button" onClick={onRetry}>
          {count === 1 ? 'Retry the job' : `Retry all ${formatCount(count)}`}
          <span className="visually-hidden"> of {code}</span> …
        </button>
      )}
    </div>
  );
}
