import type { ActivityEntry } from '@tapedeck/contracts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { activityQuery } from '../../api/queries.ts';
import { Age } from '../../ui/age.tsx';
import { Answer } from '../../ui/answer.tsx';
import { Badge } from '../../ui/badge.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { groupByDay, HAPPENED } from './describe-activity.ts';

const SHOWN = 100;

/** The last of what happened to jobs. */
export function JobFeed() {
  const query = useQuery(activityQuery(SHOWN));
  return (
    <Answer query={query} rows={10}>
      {({ entries }) => (entries.length === 0 ? <NothingHappened /> : <Days entries={entries} />)}
    </Answer>
  );
}

function NothingHappened() {
  return (
    <EmptyState title="Nothing has happened yet.">
      <p>
        Jobs come in by <code>POST /convert</code>; what becomes of them shows up here by itself.
      </p>
    </EmptyState>
  );
}

function Days({ entries }: { entries: readonly ActivityEntry[] }) {
  return groupByDay(entries).map(({ day, entries: ofDay }) => (
    <section key={day} aria-label={day} className="feed-day">
      <h2>{day}</h2>
      <ol className="feed" role="list">
        {ofDay.map((entry) => (
          <Entry key={`${entry.atMs} ${entry.jobId} ${entry.what}`} entry={entry} />
        ))}
      </ol>
    </section>
  ));
}

function Entry({ entry }: { entry: ActivityEntry }) {
  const { atMs, jobId, kind, reference, slug, what, code } = entry;
  const { text, tone, sign } = HAPPENED[what];
  const name = slug || reference;
  return (
    <li className="feed-entry">
      <span className="feed-sign">
        <Badge tone={tone}>{sign}</Badge>
      </span>
      <span className="feed-text">
        {what === 'deleted' ? <b>{name}</b> : <Link href={`/jobs/${encodeURIComponent(jobId)}`}>{name}</Link>} {text}
        {code && (
          <>
            {': '}
            <Link href={`/jobs?${new URLSearchParams({ code })}`} className="feed-code">
              {code}
            </Link>
          </>
        )}
      </span>
      <span className="feed-about muted">
        {kind}, {reference}
      </span>
      <span className="feed-age muted">
        <Age at={atMs} />
      </span>
    </li>
  );
}
