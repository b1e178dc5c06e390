import { useMemo } from 'react';
import { useLocation } from 'wouter';
import { useSearch } from 'wouter/use-browser-location';
import { buildJobsHref, changeJobSearch, parseJobSearch, type JobSearch, type SearchChange } from './job-search.ts';

export interface ChangeOptions {
  /** The step back leads to before this, not to what was shown last. */
  replace?: boolean;
}

export interface JobSearchState {
  search: JobSearch;
  /** Always from what the URL is by then. */
  update(change: (search: JobSearch) => JobSearch, options?: ChangeOptions): void;
  change(change: SearchChange, options?: ChangeOptions): void;
}

export function useJobSearch(): JobSearchState {
  // The router's own undoes a part of the escapes before anybody has split the query.
  const query = useSearch();
  const [, navigate] = useLocation();
  return useMemo(() => {
    const update: JobSearchState['update'] = (change, options) =>
      navigate(buildJobsHref(change(parseJobSearch(window.location.search))), options);
    return {
      search: parseJobSearch(query),
      update,
      change: (change, options) => update((search) => changeJobSearch(search, change), options),
    };
  }, [query, navigate]);
}
