import { useQuery } from '@tanstack/react-query';
import { ProblemError } from '../../api/client.ts';
import { jobsQuery } from '../../api/queries.ts';
import { useSession } from '../../api/session.ts';
import { usePageTitle } from '../../ui/page-title.ts';
import { EmptyState, ErrorState, Loading } from '../../ui/states.tsx';
import { JobFilters } from './job-filters.tsx';
import { buildFilter, buildJobSearch, buildListQuery, clearFilters, type JobSearch } from './job-search.ts';
import { JobsTable } from './jobs-table.tsx';
import './jobs.css';
import './jobs-narrow.css';
import { Pager, RangeOfJobs } from './pager.tsx';
import { SelectionBar } from './selection-bar.tsx';
import { useJobSearch, type JobSearchState } from './use-job-search.ts';
import { useJobSelection } from './use-job-selection.ts';

export function JobsPage() {
  usePageTitle('Jobs');
  const state = useJobSearch();
  const { data, error, refetch } = useQuery(jobsQuery(buildListQuery(state.search)));
  return (
    <>
      <div className="page-head">
        <h1>Jobs</h1>
        <div className="buttons">
          <RangeOfJobs list={data} />
          <ExportLink search={state.search} />
        </div>
      </div>
      <JobFilters state={state} />
      {data ? (
        <Jobs state={state} />
      ) : error ? (
        <ListError error={error} state={state} onRetry={() => void refetch()} />
      ) : (
        <Loading rows={12} />
      )}
    </>
  );
}

function Jobs({ state }: { state: JobSearchState }) {
  const { search, change } = state;
  const { mayChange } = useSession();
  const { data: list, isPlaceholderData } = useQuery(jobsQuery(buildListQuery(search)));
  const selection = useJobSelection(search, list?.jobs ?? []);
  if (!list) return null;
  if (list.jobs.length === 0 && list.total > 0) {
    return (
      <EmptyState title="The list ends before this page.">
        <button type="button" onClick={() => change({ offset: '' })}>
          To the first page
        </button>
      </EmptyState>
    );
  }
  return (
    <>
      {list.jobs.length === 0 ? (
        <NoJobs state={state} />
      ) : (
        <JobsTable
          jobs={list.jobs}
          isOld={isPlaceholderData}
          state={state}
          selection={selection.rows}
          onSelection={selection.changeRows}
        />
      )}
      <Pager list={list} state={state} />
      {mayChange && <SelectionBar list={list} selection={selection} />}
    </>
  );
}

function NoJobs({ state: { search, update } }: { state: JobSearchState }) {
  const isFiltered = buildJobSearch(clearFilters(search)) !== buildJobSearch(search);
  if (!isFiltered) {
    return (
      <EmptyState title="There are no jobs yet.">
        <p>The first POST /convert makes one. Jobs are forgotten some time after their end.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No job fits this.">
      <p>The search is for what a reference or a slug begins with. Jobs are forgotten some time after their end.</p>
      <button type="button" onClick={() => update(clearFilters)}>
        Clear filters
      </button>
    </EmptyState>
  );
}

interface ListErrorProps {
  error: Error;
  state: JobSearchState;
  onRetry: () => void;
}

/** A link that somebody has written by hand, or that is older than the API, leads on from here. */
function ListError({ error, state: { update }, onRetry }: ListErrorProps) {
  const isRefused = error instanceof ProblemError && error.problem.status === 400;
  return (
    <>
      <ErrorState error={error} onRetry={isRefused ? undefined : onRetry} />
      {isRefused && (
        <p className="buttons after-error">
          <button type="button" onClick={() => update(() => ({}))}>
            Show all jobs
          </button>
        </p>
      )}
    </>
  );
}

function ExportLink({ search }: { search: JobSearch }) {
  const filter = buildFilter(search);
  if (!filter) return null;
  const query = buildJobSearch(filter);
  return (
    <a className="button" href={`/admin/api/jobs.csv${query === '' ? '' : `?${query}`}`} download>
      Export as CSV
    </a>
  );
}
