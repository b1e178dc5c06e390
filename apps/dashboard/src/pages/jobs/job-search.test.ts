import { describe, expect, test } from '@jest/globals';
import {
  buildFilter,
  buildJobSearch,
  buildJobsHref,
  buildListQuery,
  changeJobSearch,
  clearFilters,
  countFilters,
  parseJobSearch,
  readPage,
  toggleSort,
  toggleStatus,
} from './job-search.ts';

describe('a URL', () => {
  test('is the same for the same search, whatever the order in which it came to be', () => {
    const query = 'status=failed,canceled&q=wand+17&from=2026-02-01T12:00:00Z&offset=100';
    expect(
      buildJobSearch(parseJobSearch(`?offset=100&q=wand%2017&from=2026-02-01T12:00:00Z&status=failed%2Ccanceled`)),
    ).toBe(query);
    expect(buildJobSearch(parseJobSearch(query))).toBe(query);
  });

  test.each(['a&b=c', 'q=%', '50 %', 'ä+ö', '#top', 'a,b:c'])('brings a search for %j to who gets it', (q) => {
    expect(parseJobSearch(buildJobSearch({ q }))).toEqual({ q });
  });

  test('that the API refuses is sent to it as it is', () => {
    const query = 'status=done&limit=1000&colour=red';
    expect(buildListQuery(parseJobSearch(query))).toBe(query);
  });

  test('is short where nothing is asked for', () => {
    expect(buildJobsHref()).toBe('/jobs');
    expect(buildJobsHref(parseJobSearch('?status=&q='))).toBe('/jobs');
    expect(buildJobsHref({ code: 'SOURCE_TIMEOUT' })).toBe('/jobs?code=SOURCE_TIMEOUT');
    expect(buildListQuery({})).toBe('limit=50');
  });
});

describe('a change', () => {
  test('begins at the first page, unless it turns the page', () => {
    const search = parseJobSearch('kind=hls&limit=20&offset=40');
    expect(changeJobSearch(search, { kind: 'tape' })).toEqual({ kind: 'tape', limit: '20' });
    expect(changeJobSearch(search, { offset: '60' })).toEqual({ kind: 'hls', limit: '20', offset: '60' });
    expect(changeJobSearch(search, { kind: '' })).toEqual({ limit: '20' });
  });

  test('of one status leaves the others', () => {
    const failed = toggleStatus({}, 'failed');
    expect(failed).toEqual({ status: 'failed' });
    const both = toggleStatus(failed, 'canceled');
    expect(both).toEqual({ status: 'failed,canceled' });
    expect(toggleStatus(toggleStatus(both, 'failed'), 'canceled')).toEqual({});
  });

  test('of the order begins with the newest', () => {
    expect(toggleSort({}, 'createdAt')).toEqual({ order: 'asc' });
    expect(toggleSort({ order: 'asc' }, 'createdAt')).toEqual({});
    const byEnd = toggleSort({ order: 'asc' }, 'finishedAt');
    expect(byEnd).toEqual({ sort: 'finishedAt' });
    expect(toggleSort(byEnd, 'finishedAt')).toEqual({ sort: 'finishedAt', order: 'asc' });
  });

  test('that clears the filters leaves the order', () => {
    const search = parseJobSearch('status=done&q=x&colour=red&order=asc&limit=20&offset=20');
    expect(clearFilters(search)).toEqual({ order: 'asc', limit: '20' });
    expect(countFilters(search)).toBe(2);
  });
});

describe('what is done to all that fit', () => {
  test('is done to all pages, in whatever order', () => {
    const search = parseJobSearch('status=failed&code=SOURCE_TIMEOUT&q=wand&order=asc&limit=20&offset=20');
    expect(buildFilter(search)).toEqual({ status: 'failed', code: 'SOURCE_TIMEOUT', q: 'wand' });
    expect(buildFilter({})).toEqual({});
  });

  test('is not done to what a list sorted by the end leaves out', () => {
    expect(buildFilter({ sort: 'finishedAt' })).toEqual({ status: 'completed,failed,canceled' });
    expect(buildFilter({ sort: 'finishedAt', status: 'queued,failed' })).toEqual({ status: 'failed' });
    expect(buildFilter({ sort: 'finishedAt', status: 'queued' })).toBeUndefined();
  });

  test('cannot be said where times are those of the end', () => {
    expect(buildFilter({ sort: 'finishedAt', from: '2026-02-01' })).toBeUndefined();
    expect(buildFilter({ sort: 'finishedAt', to: '2026-02-01' })).toBeUndefined();
    expect(buildFilter({ sort: 'createdAt', to: '2026-02-01' })).toEqual({ to: '2026-02-01' });
  });
});

test.each([
  [{ total: 120, limit: 50, offset: 0 }, 50, { first: 1, last: 50, previous: undefined, next: '50' }],
  [{ total: 120, limit: 50, offset: 100 }, 20, { first: 101, last: 120, previous: '50', next: undefined }],
  [{ total: 100, limit: 50, offset: 50 }, 50, { first: 51, last: 100, previous: '0', next: undefined }],
  [{ total: 120, limit: 50, offset: 10 }, 50, { first: 11, last: 60, previous: '0', next: '60' }],
  [{ total: 0, limit: 50, offset: 0 }, 0, { first: 0, last: 0, previous: undefined, next: undefined }],
  [
    { total: 100, totalIsEstimate: true as const, limit: 50, offset: 50 },
    50,
    { first: 51, last: 100, previous: '0', next: '100' },
  ],
  [
    { total: 200, totalIsEstimate: true as const, limit: 50, offset: 50 },
    0,
    { first: 0, last: 0, previous: '0', next: undefined },
  ],
  // Beyond the last one: there is a way back, and none on.
  [{ total: 20, limit: 50, offset: 100 }, 0, { first: 0, last: 0, previous: '50', next: undefined }],
])('page %j with %i jobs', (list, shown, page) => {
  expect(readPage(list, shown)).toEqual(page);
});
