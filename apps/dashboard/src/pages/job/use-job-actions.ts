import type { Deleted, JobView, Priority } from '@tapedeck/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { ask, post } from '../../api/client.ts';
import { ALL_LISTS, detailsQuery, jobQuery, statsQuery } from '../../api/queries.ts';
import { formatBytes } from '../../ui/format.ts';
import { useToasts } from '../../ui/toasts.tsx';

export type JobOrder =
  | { action: 'retry' | 'cancel' | 'reconvert' | 'callback' }
  | { action: 'priority'; priority: Priority }
  | { action: 'delete'; withFiles: boolean };

interface Outcome {
  text: string;
  /** Where it goes on; undefined for here. */
  to?: string;
}

/** An alive job is ended first, and a stream has hundreds of files. */
const DELETE_TIMEOUT_MS = 120_000;

/** Does what the operator orders, one at a time, says what came of it, and shows the job as it is then. */
export function useJobActions(jobId: string) {
  const client = useQueryClient();
  const toasts = useToasts();
  const [, navigate] = useLocation();
  const keys = [jobQuery(jobId).queryKey, detailsQuery(jobId).queryKey];
  const { mutate, isPending } = useMutation({
    mutationFn: (order: JobOrder) => carryOut(`/api/jobs/${encodeURIComponent(jobId)}`, order),
    onSuccess: ({ text, to }, { action }) => {
      toasts.tell(text);
      if (to !== undefined) navigate(to);
      if (action === 'delete') keys.forEach((queryKey) => client.removeQueries({ queryKey }));
    },
    onError: (error) => toasts.complain(error),
    onSettled: () => {
      // The job may have become another meanwhile: that is what a refusal says.
      for (const queryKey of [...keys, ALL_LISTS, statsQuery.queryKey]) void client.invalidateQueries({ queryKey });
    },
  });
  return { carryOut: mutate, isBusy: isPending };
}

async function carryOut(path: string, order: JobOrder): Promise<Outcome> {
  switch (order.action) {
    case 'retry':
      await post<JobView>(`${path}/retry`);
      return { text: 'It is in the queue again.' };
    case 'cancel': {
      const { status } = await post<JobView>(`${path}/cancel`);
      return { text: status === 'canceled' ? 'It is canceled.' : 'It is being canceled.' };
    }
    case 'reconvert': {
      const { jobId } = await post<{ jobId: string }>(`${path}/reconvert`);
      return { text: 'It is converted again: this is the new job.', to: `/jobs/${encodeURIComponent(jobId)}` };
    }
    case 'callback':
      await post<JobView>(`${path}/callback`);
      return { text: 'The callback is sent again.' };
    case 'priority':
      await post(`${path}/priority`, { priority: order.priority });
      return { text: `Its priority is ${order.priority} now.` };
    case 'delete':
      return { text: await remove(path, order.withFiles), to: '/jobs' };
  }
}

async function remove(path: string, withFiles: boolean): Promise<string> {
  const deleted = await ask<Deleted>(`${path}?delete_files=${withFiles}`, { method: 'DELETE' }, DELETE_TIMEOUT_MS);
  if (deleted.deleted_files === 0) return 'The job is deleted.';
  const files = deleted.deleted_files === 1 ? '1 file' : `${deleted.deleted_files} files`;
  return `The job is deleted, and ${files} of ${formatBytes(deleted.space_freed)}.`;
}
