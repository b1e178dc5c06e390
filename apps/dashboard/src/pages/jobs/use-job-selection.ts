import type { JobView } from '@tapedeck/contracts';
import { functionalUpdate, type RowSelectionState, type Updater } from '@tanstack/react-table';
import { useState } from 'react';
import type { BulkTarget } from '../../bulk/bulk-run.ts';
import { buildFilter, buildJobSearch, type JobSearch } from './job-search.ts';

export interface JobSelection {
  /** How many, and undefined for all that fit the filter. */
  count: number | undefined;
  /** Of the selected ones: not on this page. */
  elsewhere: number;
  rows: RowSelectionState;
  target: BulkTarget | undefined;
  changeRows(updater: Updater<RowSelectionState>): void;
  /** With those of other pages; undefined when all of this one are selected. */
  selectPage: (() => void) | undefined;
  /** All that fit, on whatever page; undefined where no filter says which those are. */
  selectAll: (() => void) | undefined;
  clear(): void;
}

interface Selected {
  /** It was made among the jobs that fit this, and is none among others. */
  of: string;
  rows: RowSelectionState;
  isAll: boolean;
}

const NONE: Omit<Selected, 'of'> = { rows: {}, isAll: false };

/** Which jobs are selected: it outlives turning the page and another order, and not another filter. */
export function useJobSelection(search: JobSearch, jobs: readonly JobView[]): JobSelection {
  const filter = buildFilter(search);
  const of = filter ? buildJobSearch(filter) : buildJobSearch({ ...search, order: '', limit: '', offset: '' });
  const [selected, setSelected] = useState<Selected>({ of, ...NONE });
  const { rows, isAll } = selected.of === of ? selected : NONE;
  const jobIds = Object.keys(rows);
  const shown: RowSelectionState = Object.fromEntries(jobs.map(({ jobId }) => [jobId, true as const]));
  const target = isAll ? filter && { filter } : jobIds.length > 0 ? { jobIds } : undefined;
  return {
    count: isAll ? undefined : jobIds.length,
    elsewhere: jobIds.filter((jobId) => !shown[jobId]).length,
    rows: isAll ? shown : rows,
    target,
    // Of all that fit, one is left out: what stays are those of this page.
    changeRows: (updater) => setSelected({ of, rows: functionalUpdate(updater, isAll ? shown : rows), isAll: false }),
    selectPage:
      isAll || jobs.every(({ jobId }) => rows[jobId])
        ? undefined
        : () => setSelected({ of, rows: { ...rows, ...shown }, isAll: false }),
    selectAll: filter && (() => setSelected({ of, rows: {}, isAll: true })),
    clear: () => setSelected({ of, ...NONE }),
  };
}
