import type { JobKind, JobStatus } from '@tapedeck/contracts';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { errorsQuery } from '../../api/queries.ts';
import { formatCount } from '../../ui/format.ts';
import { changeSort, clearFilters, countFilters, readSort, readStatuses, toggleStatus } from './job-search.ts';
import { SearchBox } from './search-box.tsx';
import { TimeField } from './time-field.tsx';
import type { JobSearchState } from './use-job-search.ts';

/** Which jobs are listed. On a phone only the search is there at once. */
export function JobFilters({ state }: { state: JobSearchState }) {
  const { search, change, update } = state;
  const [isOpen, setIsOpen] = useState(false);
  const foldId = useId();
  const count = countFilters(search);
  return (
    <search className="job-filters">
      <SearchBox q={search.q ?? ''} onChange={(q) => change({ q }, { replace: search.q !== undefined && q !== '' })} />
      <button
        type="button"
        className="unfold"
        aria-expanded={isOpen}
        aria-controls={foldId}
        onClick={() => setIsOpen(!isOpen)}
      >
        Filters and order{count > 0 && ` (${count} set)`}
      </button>
      <div id={foldId} className={isOpen ? 'fold open' : 'fold'}>
        <StatusFilter state={state} />
        <KindFilter state={state} />
        <CodeFilter state={state} />
        <TimeField label="From" time={search.from} onChange={(from) => change({ from })} />
        <TimeField label="Before" time={search.to} onChange={(to) => change({ to })} />
        <OrderField state={state} />
        <button type="button" disabled={count === 0} onClick={() => update(clearFilters)}>
          Clear filters
        </button>
      </div>
    </search>
  );
}

const STATUSES: readonly JobStatus[] = ['queued', 'processing', 'completed', 'failed', 'canceled'];

function StatusFilter({ state: { search, update } }: { state: JobSearchState }) {
  const shown = readStatuses(search);
  return (
    <fieldset className="chips">
      <legend className="field-label">Status</legend>
      {STATUSES.map((status) => (
        <label key={status} className="chip">
          <input
            type="checkbox"
            checked={shown.includes(status)}
            onChange={() => update((current) => toggleStatus(current, status))}
          />
          {status}
        </label>
      ))}
    </fieldset>
  );
}

const KINDS: Record<JobKind, string> = { tape: 'tape (MP4)', hls: 'hls (stream)' };

function KindFilter({ state: { search, change } }: { state: JobSearchState }) {
  return (
    <label>
      <span className="field-label">Kind</span>
      <select value={search.kind ?? ''} onChange={({ target }) => change({ kind: target.value })}>
        <option value="">every kind</option>
        {Object.entries(KINDS).map(([kind, label]) => (
          <option key={kind} value={kind}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The codes that there are now; and the one that is asked for, whether or not there still is a job with it. */
function CodeFilter({ state: { search, change } }: { state: JobSearchState }) {
  const { data } = useQuery(errorsQuery);
  const groups = data?.groups ?? [];
  const asked = search.code;
  const isKnown = groups.some(({ code }) => code === asked);
  return (
    <label>
      <span className="field-label">Error code</span>
      <select value={asked ?? ''} onChange={({ target }) => change({ code: target.value })}>
        <option value="">with or without</option>
        {asked !== undefined && !isKnown && <option value={asked}>{asked}</option>}
        {groups.map(({ code, count }) => (
          <option key={code} value={code}>
            {code} ({formatCount(count)})
          </option>
        ))}
      </select>
    </label>
  );
}

const ORDERS = [
  { value: 'createdAt desc', label: 'newest first' },
  { value: 'createdAt asc', label: 'oldest first' },
  { value: 'finishedAt desc', label: 'last ended first' },
  { value: 'finishedAt asc', label: 'first ended first' },
];

/** Cards have no heads to click on. */
function OrderField({ state: { search, update } }: { state: JobSearchState }) {
  const { sort, order } = readSort(search);
  const choose = (value: string): void => {
    const [column = '', direction = ''] = value.split(' ');
    update((current) => changeSort(current, column, direction));
  };
  return (
    <label className="order-field">
      <span className="field-label">Order</span>
      <select value={`${sort} ${order}`} onChange={({ target }) => choose(target.value)}>
        {ORDERS.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
