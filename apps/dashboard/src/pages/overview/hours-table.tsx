import type { HourView } from '@tapedeck/contracts';
import { useState } from 'react';
import { Link } from 'wouter';
import { formatCount, formatDuration } from '../../ui/format.ts';
import { buildJobsHref } from '../jobs/job-search.ts';
import { describeHour, HOUR_MS } from './chart-data.ts';

/** The charts' numbers; each hour leads to its jobs. */
export function HoursTable({ hours }: { hours: readonly HourView[] }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>The same as a table</summary>
      {isOpen && (
        <div className="hours" tabIndex={0} role="region" aria-label="Hour by hour">
          <table>
            <caption className="visually-hidden">
              Jobs that ended, and how long they had waited, the last hour first
            </caption>
            <thead>
              <tr>
                {['Hour', 'Completed', 'Failed', 'Canceled', 'Mean wait', '95 of 100 within'].map((title, index) => (
                  <th key={title} scope="col" className={index === 0 ? undefined : 'number'}>
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {hours.toReversed().map((hour) => (
                <Hour key={hour.startMs} hour={hour} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function Hour({ hour }: { hour: HourView }) {
  const { startMs, completed, failed, canceled, waitSec } = hour;
  const [from, to] = [new Date(startMs), new Date(startMs + HOUR_MS)].map((time) => time.toISOString());
  return (
    <tr>
      <th scope="row">
        <Link href={buildJobsHref({ from, to, sort: 'finishedAt' })}>{describeHour(hour)}</Link>
      </th>
      {[completed, failed, canceled].map((count, index) => (
        <td key={index} className="number">
          {formatCount(count)}
        </td>
      ))}
      <td className="number">{waitSec ? formatDuration(waitSec.mean) : '–'}</td>
      <td className="number">{waitSec ? formatDuration(waitSec.p95) : '–'}</td>
    </tr>
  );
}
