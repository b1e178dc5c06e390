import type { ActivityEntry } from '@tapedeck/contracts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { activityQuery } from '../../api/queries.ts';
import { Age } from '../../ui/age.tsx';
import { Badge } from '../../ui/badge.tsx';
import { HAPPENED } from '../activity/describe-activity.ts';
import { Panel } from './panel.tsx';

const SHOWN = 10;

/** The last of what happened to jobs. */
export function LatestActivity() {
  const query = useQuery(activityQuery(SHOWN));
  return (
    <Panel
      title="Lately"
      more={{ href: '/activity', label: 'All activity' }}
      query={query}
      empty="Nothing has happened yet."
    >
      {({ entries }) =>
        entries.length === 0 ? null : (
          <ol className="lately" role="list">
            {entries.slice(0, SHOWN).map((entry) => (
              <Entry key={`${entry.atMs} ${entry.jobId} ${entry.what}`} entry={entry} />
            ))}
          </ol>
        )
      }
    </Panel>
  );
}

function Entry({ entry: { atMs, jobId, reference, slug, what, code } }: { entry: ActivityEntry }) {
  const { sign, tone } = HAPPENED[what];
  const name = slug || reference;
  return (
    <li>
      <Badge tone={tone}>{sign}</Badge>
      <span className="line" title={code ?? reference}>
        {what === 'deleted' ? name : <Link href={`/jobs/${encodeURIComponent(jobId)}`}>{name}</Link>}
        {code && <span className="muted"> {code}</span>}
      </span>
      <span className="muted when">
        <Age at={atMs} />
      </span>
    </li>
  );
}
