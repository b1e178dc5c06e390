import type { JobList, JobStatus } from '@tapedeck/contracts';

/**
 * What the list shows is its URL's query, under the names and with the values of `GET /api/jobs`: a link shows what its
 * sender saw. What the API does not know is kept and sent, so that it says itself what is wrong with it.
 */
export type JobSearch = Readonly<Record<string, string>>;

const FILTER_NAMES = ['status', 'kind', 'code', 'q', 'from', 'to'] as const;
const PAGE_NAMES = ['sort', 'order', 'limit', 'offset'] as const;
const NAMES: readonly string[] = [...FILTER_NAMES, ...PAGE_NAMES];
type SearchName = (typeof FILTER_NAMES)[number] | (typeof PAGE_NAMES)[number];
export type SearchChange = Partial<Record<SearchName, string>>;

export const PAGE_SIZES = [20, 50, 100] as const;
const DEFAULTS = { sort: 'createdAt', order: 'desc', limit: '50', offset: '0' };

/** @param query with or without its `?`; of one that is repeated the last is taken */
export function parseJobSearch(query: string): JobSearch {
  return Object.fromEntries([...new URLSearchParams(query)].filter(([, value]) => value !== ''));
}

/** The same search is always the same text; without `?`. */
export function buildJobSearch(search: JobSearch): string {
  const unknown = Object.keys(search)
    .filter((name) => !NAMES.includes(name))
    .sort();
  const pairs = [...NAMES, ...unknown].flatMap((name) => (search[name] ? [[name, search[name]]] : []));
  return new URLSearchParams(pairs).toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
}

/** A link to the list, from anywhere on the page. */
export function buildJobsHref(search: SearchChange = {}): string {
  const query = buildJobSearch(search);
  return query === '' ? '/jobs' : `/jobs?${query}`;
}

/** For `jobsQuery`. */
export function buildListQuery(search: JobSearch): string {
  return buildJobSearch({ ...search, limit: search.limit ?? DEFAULTS.limit });
}

/** Another filter, order or page size begins at its first page; an empty value takes a parameter away. */
export function changeJobSearch(search: JobSearch, change: SearchChange): JobSearch {
  const changed = { ...search, offset: '', ...change };
  return Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== ''));
}

/** Keeps how the list is shown: what is gone is what leaves jobs out, and what the API does not know. */
export function clearFilters({ sort = '', order = '', limit = '' }: JobSearch): JobSearch {
  return changeJobSearch({}, { sort, order, limit });
}

export function readStatuses({ status = '' }: JobSearch): readonly string[] {
  return status.split(',').filter((one) => one !== '');
}

export function toggleStatus(search: JobSearch, status: JobStatus): JobSearch {
  const shown = readStatuses(search);
  const changed = shown.includes(status) ? shown.filter((one) => one !== status) : [...shown, status];
  return changeJobSearch(search, { status: changed.join(',') });
}

/** How many filters are set: the fields in which they are may be folded away. */
export function countFilters(search: JobSearch): number {
  return FILTER_NAMES.filter((name) => search[name] !== undefined).length;
}

export type SortColumn = 'createdAt' | 'finishedAt';

export function readSort({ sort = DEFAULTS.sort, order = DEFAULTS.order }: JobSearch): { sort: string; order: string } {
  return { sort, order };
}

/** The newest first, and the other way round when it is that already. */
export function toggleSort(search: JobSearch, column: SortColumn): JobSearch {
  const { sort, order } = readSort(search);
  return changeSort(search, column, sort === column && order === 'desc' ? 'asc' : 'desc');
}

export function changeSort(search: JobSearch, sort: string, order: string): JobSearch {
  return changeJobSearch(search, {
    sort: sort === DEFAULTS.sort ? '' : sort,
    order: order === DEFAULTS.order ? '' : order,
  });
}

const ENDED: readonly string[] = ['completed', 'failed', 'canceled'] satisfies JobStatus[];

/**
 * The parameters by which something is done to all jobs that are listed, on whatever page. Sorted by the end, a list has
 * in it only what has ended, and means times of the end: the first can be said without `sort`, the second cannot.
 * @returns undefined where no filter means the same jobs
 */
export function buildFilter(search: JobSearch): JobSearch | undefined {
  const filter = Object.fromEntries(Object.entries(search).filter(([name]) => !isPageName(name)));
  if (readSort(search).sort !== 'finishedAt') return filter;
  if (search.from !== undefined || search.to !== undefined) return undefined;
  const asked = readStatuses(search);
  const status = (asked.length === 0 ? ENDED : asked.filter((one) => ENDED.includes(one))).join(',');
  return status === '' ? undefined : { ...filter, status };
}

function isPageName(name: string): boolean {
  return (PAGE_NAMES as readonly string[]).includes(name);
}

export interface PageOfJobs {
  /** From 1 on; both 0 where there is none. */
  first: number;
  last: number;
  /** `offset` of those pages; undefined where there is none. */
  previous: string | undefined;
  next: string | undefined;
}

/** @param shown how many came */
export function readPage(list: Omit<JobList, 'jobs'>, shown: number): PageOfJobs {
  const { total, totalIsEstimate, limit, offset } = list;
  const seen = offset + shown;
  // An estimate may be too low.
  const hasNext = shown > 0 && (seen < total || (totalIsEstimate === true && shown === limit));
  return {
    first: shown === 0 ? 0 : offset + 1,
    last: shown === 0 ? 0 : seen,
    previous: offset === 0 ? undefined : String(Math.max(0, offset - limit)),
    next: hasNext ? String(seen) : undefined,
  };
}
