import type { JobView } from '@tapedeck/contracts';
import { createColumnHelper, rowSelectionFeature, tableFeatures } from '@tanstack/react-table';
import { Age } from '../../ui/age.tsx';
import { StatusBadge } from '../../ui/badge.tsx';
import { JobCallback, JobDuration, JobEnd, JobName, JobProgress } from './job-cells.tsx';
import { Poster } from './poster.tsx';

export const jobFeatures = tableFeatures({ rowSelectionFeature });

const helper = createColumnHelper<typeof jobFeatures, JobView>();

const dataColumns = helper.columns([
  helper.display({ id: 'poster', header: 'Poster', cell: ({ row }) => <Poster job={row.original} /> }),
  helper.display({ id: 'name', header: 'Reference, slug', cell: ({ row }) => <JobName job={row.original} /> }),
  helper.accessor('kind', { header: 'Kind' }),
  helper.accessor('status', { header: 'Status', cell: ({ row }) => <StatusBadge status={row.original.status} /> }),
  helper.display({ id: 'progress', header: 'Progress', cell: ({ row }) => <JobProgress job={row.original} /> }),
  helper.display({ id: 'duration', header: 'Duration', cell: ({ row }) => <JobDuration job={row.original} /> }),
  helper.accessor('createdAt', { header: 'Accepted', cell: ({ row }) => <Age at={row.original.createdAt} /> }),
  helper.accessor('finishedAt', { header: 'Ended', cell: ({ row }) => <JobEnd job={row.original} /> }),
  helper.display({
    id: 'attempts',
    header: 'Attempts',
    cell: ({ row: { original } }) => `${original.attempt}/${original.maxAttempts}`,
  }),
  helper.display({ id: 'callback', header: 'Callback', cell: ({ row }) => <JobCallback job={row.original} /> }),
]);

const selectColumn = helper.display({
  id: 'select',
  header: ({ table }) => (
    <input
      type="checkbox"
      aria-label="Select all jobs of this page"
      checked={table.getIsAllRowsSelected()}
      ref={(box) => {
        if (box) box.indeterminate = table.getIsSomeRowsSelected() && !table.getIsAllRowsSelected();
      }}
      onChange={({ target }) => table.toggleAllRowsSelected(target.checked)}
    />
  ),
  cell: ({ row }) => (
    <input
      type="checkbox"
      aria-label={`Select ${row.original.reference}`}
      checked={row.getIsSelected()}
      // With Shift: all from the last one to this.
      onChange={row.getToggleSelectedHandler()}
    />
  ),
});

export const viewerColumns = dataColumns;
export const adminColumns = helper.columns([selectColumn, ...dataColumns]);
