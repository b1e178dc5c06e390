import type { JobView } from '@tapedeck/contracts';
import { useTable, type Header, type RowSelectionState, type Updater } from '@tanstack/react-table';
import type { ReactNode } from 'react';
import { useSession } from '../../api/session.ts';
import { adminColumns, jobFeatures, viewerColumns } from './job-columns.tsx';
import { readSort, toggleSort, type SortColumn } from './job-search.ts';
import type { JobSearchState } from './use-job-search.ts';

export interface JobsTableProps {
  jobs: readonly JobView[];
  /** It shows what was asked for before. */
  isOld: boolean;
  state: JobSearchState;
  selection: RowSelectionState;
  onSelection: (updater: Updater<RowSelectionState>) => void;
}

/** What does not say on a card what it is. */
const LABELLED = ['kind', 'duration', 'createdAt', 'finishedAt', 'attempts', 'callback'];

const getRowId = ({ jobId }: JobView): string => jobId;

/**
 * One page of jobs; on a phone each is a card. Roles are said, because a browser forgets what a table is when it is not
 * laid out as one.
 */
export function JobsTable({ jobs, isOld, state, selection, onSelection }: JobsTableProps) {
  const { mayChange } = useSession();
  const table = useTable({
    features: jobFeatures,
    columns: mayChange ? adminColumns : viewerColumns,
    data: jobs,
    getRowId,
    state: { rowSelection: selection },
    onRowSelectionChange: onSelection,
  });
  return (
    <table className={isOld ? 'jobs old' : 'jobs'} role="table" aria-busy={isOld}>
      <caption className="visually-hidden">Jobs</caption>
      <thead role="rowgroup">
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id} role="row">
            {group.headers.map((header) => (
              <HeaderCell key={header.id} header={header} state={state}>
                <table.FlexRender header={header} />
              </HeaderCell>
            ))}
          </tr>
        ))}
      </thead>
      <tbody role="rowgroup">
        {table.getRowModel().rows.map((row) => (
          <tr key={row.id} role="row" className={row.getIsSelected() ? 'selected' : undefined}>
            {row.getAllCells().map((cell) => (
              <td
                key={cell.id}
                role="cell"
                className={`col-${cell.column.id}${LABELLED.includes(cell.column.id) ? ' labelled' : ''}`}
                data-label={typeof cell.column.columnDef.header === 'string' ? cell.column.columnDef.header : undefined}
              >
                <table.FlexRender cell={cell} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface HeaderCellProps {
  header: Header<typeof jobFeatures, JobView>;
  state: JobSearchState;
  children: ReactNode;
}

function HeaderCell({ header: { column }, state: { search, update }, children }: HeaderCellProps) {
  const className = `col-${column.id}`;
  if (!isSortColumn(column.id)) {
    return (
      <th role="columnheader" scope="col" className={className}>
        {children}
      </th>
    );
  }
  const id = column.id;
  const { sort, order } = readSort(search);
  const isSorted = sort === id;
  const direction = order === 'asc' ? 'ascending' : 'descending';
  return (
    <th role="columnheader" scope="col" className={className} aria-sort={isSorted ? direction : 'none'}>
      <button type="button" className="plain sort" onClick={() => update((current) => toggleSort(current, id))}>
        {children}
        <span aria-hidden="true" className="sort-sign">
          {isSorted ? (order === 'asc' ? '▲' : '▼') : ''}
        </span>
      </button>
    </th>
  );
}

function isSortColumn(id: string): id is SortColumn {
  return id === 'createdAt' || id === 'finishedAt';
}
