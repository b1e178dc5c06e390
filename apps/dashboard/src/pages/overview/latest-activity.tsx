import type { ActivityEntry } from '@tapedeck/contracts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { activityQuery } from '../../api/queries.ts';
import { Age } from '../../ui/age.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Panel } from './panel.tsx';

const SIGNS: Record<ActivityEntry['what'], { sign: string; tone: Tone }> = {
  accepted: { sign: 'accepted', tone: 'quiet' },
  attempt: { sign: 'begun', tone: 'busy' },
  'attempt-failed': { sign: 'tries again', tone: 'warn' },
  completed: { sign: 'completed', tone: 'good' },
  failed: { sign: 'failed', tone: 'bad' },
  canceled: { sign: 'canceled', tone: 'warn' },
  retried: { sign: 'retried', tone: 'busy' },
  'put-back': { sign: 'put back', tone: 'warn' },
  'callback-exhausted': { sign: 'callback', tone: 'bad' },
  deleted: { sign: 'deleted', tone: 'quiet' },
};

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
  const { sign, tone } = SIGNS[what];
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
