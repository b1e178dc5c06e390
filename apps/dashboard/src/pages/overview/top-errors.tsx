import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { errorsQuery } from '../../api/queries.ts';
import { Age } from '../../ui/age.tsx';
import { formatCount } from '../../ui/format.ts';
import { buildJobsHref } from '../jobs/job-search.ts';
import { Panel } from './panel.tsx';

const SHOWN = 6;

/** What most jobs fail of. */
export function TopErrors() {
  const query = useQuery(errorsQuery);
  return (
    <Panel
      title="Most frequent errors"
      more={{ href: '/errors', label: 'All errors' }}
      query={query}
      empty="No job that is known has failed."
    >
      {({ groups }) =>
        groups.length === 0 ? null : (
          <ul className="top-errors" role="list">
            {groups.slice(0, SHOWN).map(({ code, title, count, lastAtMs }) => (
              <li key={code}>
                <span className="number">{formatCount(count)}</span>
                <span className="line">
                  <Link href={buildJobsHref({ code })}>
                    <code>{code}</code>
                  </Link>
                  <span className="muted line">{title}</span>
                </span>
                <span className="muted when">
                  <Age at={lastAtMs} />
                </span>
              </li>
            ))}
          </ul>
        )
      }
    </Panel>
  );
}
