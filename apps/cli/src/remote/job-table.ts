import type { Job } from '@tapedeck/client';
import { printable } from '../printable.ts';

const COLUMNS = ['JOB', 'KIND', 'STATUS', 'CREATED', 'SLUG'] as const;
const SEPARATOR = '  ';

/**
 * A line for each job below their heading. The last column is what may be long: in a terminal it is cut where that ends.
 * @param maxColumns undefined where the output is no terminal
 */
export function formatJobTable(jobs: readonly Job[], maxColumns: number | undefined): string {
  const rows = [[...COLUMNS], ...jobs.map(toRow)];
  const widths = COLUMNS.map((_name, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      cut(
        row.map((cell, column) => cell.padEnd(widths[column]!)),
        maxColumns,
      ),
    )
    .join('');
}

function toRow({ jobId, kind, status, progress, createdAt, slug, error }: Job): string[] {
  const state = status === 'processing' ? `${Math.floor(progress)} %` : status;
  const time = createdAt.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
  return [jobId, kind, state, time, error === null ? slug : `${slug} (${error.code})`].map(printable);
}

function cut(cells: readonly string[], maxColumns: number | undefined): string {
  const line = cells.join(SEPARATOR).trimEnd();
  const isTooLong = maxColumns !== undefined && line.length > maxColumns;
  return `${isTooLong ? `${line.slice(0, Math.max(0, maxColumns - 1))}…` : line}\n`;
}
