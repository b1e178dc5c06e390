import type { BulkAction, BulkPreview, BulkProgress, Priority } from '@tapedeck/contracts';
import { post } from '../api/client.ts';
import { readToEnd } from '../api/read-to-end.ts';

/** Some jobs, or all that fit what the list's query takes: see `filter` of the request. */
export type BulkTarget = { jobIds: readonly string[] } | { filter: Readonly<Record<string, string>> };

export type BulkOrder = BulkTarget & {
  action: BulkAction;
  /** For delete: the results, too. */
  deleteFiles?: boolean;
  /** For priority, and for nothing else. */
  priority?: Priority;
};

const PATH = '/api/bulk';

export function previewBulk(order: BulkOrder): Promise<BulkPreview> {
  return post<BulkPreview>(PATH, { ...order, dryRun: true });
}

/** @throws ProblemError, UnreachableError, or the signal's reason */
export function runBulk(order: BulkOrder, stop: AbortSignal, onLine: (progress: BulkProgress) => void): Promise<void> {
  return readToEnd<BulkProgress>(PATH, order, { stop, onLine });
}
