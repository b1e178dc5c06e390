import type { Stats } from '@tapedeck/contracts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { statsQuery } from '../../api/queries.ts';
import { Answer } from '../../ui/answer.tsx';
import { formatBytes, formatCount, formatDuration, formatPercent } from '../../ui/format.ts';
import { buildJobsHref } from '../jobs/job-search.ts';

interface Figure {
  label: string;
  read: (stats: Stats) => string;
  href: () => string;
  /** What exactly is counted. */
  title: string;
}

const FIGURES: readonly Figure[] = [
  {
    label: 'processing',
    read: ({ processing }) => formatCount(processing),
    href: () => buildJobsHref({ status: 'processing' }),
    title: 'A worker has them',
  },
  {
    label: 'queued',
    read: ({ queued }) => formatCount(queued),
    href: () => buildJobsHref({ status: 'queued', order: 'asc' }),
    title: 'They wait for a worker, the oldest first',
  },
  {
    label: 'failed',
    read: ({ failed }) => formatCount(failed),
    href: () => buildJobsHref({ status: 'failed', sort: 'finishedAt' }),
    title: 'For good; the last one first',
  },
  {
    label: 'completed',
    read: ({ completed }) => formatCount(completed),
    href: () => buildJobsHref({ status: 'completed', sort: 'finishedAt' }),
    title: 'The last one first',
  },
  {
    label: 'canceled',
    read: ({ canceled }) => formatCount(canceled),
    href: () => buildJobsHref({ status: 'canceled', sort: 'finishedAt' }),
    title: 'The last one first',
  },
  {
    label: 'total',
    read: ({ total }) => formatCount(total),
    href: () => buildJobsHref(),
    title: 'All jobs that are known',
  },
  {
    label: 'today',
    read: ({ today }) => formatCount(today),
    href: () => buildJobsHref({ from: new Date().toISOString().slice(0, 'yyyy-mm-dd'.length) }),
    title: 'Accepted since 00:00 UTC',
  },
  {
    label: 'success rate',
    read: ({ successRate }) => (successRate === null ? '–' : formatPercent(successRate)),
    href: () => '/errors',
    title: 'Completed ones among those that completed or failed',
  },
  {
    label: 'average time',
    read: ({ averageConversionSec }) => (averageConversionSec === null ? '–' : formatDuration(averageConversionSec)),
    href: () => buildJobsHref({ status: 'completed', sort: 'finishedAt' }),
    title: 'From the start to the end of completed jobs',
  },
  {
    label: 'stored',
    read: ({ storageBytes }) => formatBytes(storageBytes),
    href: () => '/system',
    title: 'Results that were published and not deleted',
  },
];

/** How it is now, each figure a link to what is behind it. */
export function Figures() {
  const query = useQuery(statsQuery);
  return (
    <Answer query={query} loading={<FigureList />}>
      {(stats) => <FigureList stats={stats} />}
    </Answer>
  );
}

function FigureList({ stats }: { stats?: Stats }) {
  return (
    <ul className="figures" role="list" aria-label="Figures">
      {FIGURES.map(({ label, read, href, title }) => (
        <li key={label}>
          <Link href={href()} className="card figure" title={title}>
            <span className="figure-value">{stats ? read(stats) : '…'}</span>
            <span className="muted">{label}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
