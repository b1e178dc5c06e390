import type { JobList } from '@tapedeck/contracts';
import { formatCount } from '../../ui/format.ts';
import { PAGE_SIZES, readPage } from './job-search.ts';
import type { JobSearchState } from './use-job-search.ts';

/** `51–100 of 1,234 jobs` */
export function RangeOfJobs({ list }: { list: JobList | undefined }) {
  return (
    <span role="status" className="muted range">
      {list && describeRange(list)}
    </span>
  );
}

function describeRange(list: JobList): string {
  const { first, last } = readPage(list, list.jobs.length);
  const total = `${list.totalIsEstimate ? 'about ' : ''}${formatCount(list.total)}`;
  if (list.jobs.length === 0) return list.total === 0 ? 'no jobs' : `none of ${total} jobs`;
  return `${formatCount(first)}–${formatCount(last)} of ${total} jobs`;
}

export function Pager({ list, state: { change } }: { list: JobList; state: JobSearchState }) {
  const { previous, next } = readPage(list, list.jobs.length);
  const sizes = PAGE_SIZES.some((size) => size === list.limit) ? PAGE_SIZES : [list.limit, ...PAGE_SIZES];
  const turn = (offset: string): void => {
    change({ offset: offset === '0' ? '' : offset });
    window.scrollTo({ top: 0 });
  };
  return (
    <nav className="pager" aria-label="Pages of the list">
      <button type="button" disabled={previous === undefined} onClick={() => turn(previous ?? '')}>
        ‹ Previous
      </button>
      <button type="button" disabled={next === undefined} onClick={() => turn(next ?? '')}>
        Next ›
      </button>
      <label className="page-size">
        <span>per page</span>
        <select value={list.limit} onChange={({ target }) => change({ limit: target.value })}>
          {sizes.map((size) => (
            <option key={size}>{size}</option>
          ))}
        </select>
      </label>
    </nav>
  );
}
