import type { BulkAction, BulkProgress } from '@tapedeck/contracts';

/** What is done to many jobs, in words. */
export interface BulkWords {
  /** Of a button that leads to the question: it does nothing yet. */
  label: string;
  /** Of the question. */
  title: string;
  /** `Retry 3 jobs` */
  verb: string;
  /** `3 jobs were retried` */
  done: string;
  /** To which jobs it can be done. */
  appliesTo: string;
  /** What comes of it. */
  effect: string;
}

export const BULK_WORDS: Record<BulkAction, BulkWords> = {
  retry: {
    label: 'Retry',
    title: 'Retry jobs',
    verb: 'Retry',
    done: 'retried',
    appliesTo: 'jobs that have failed or were canceled',
    effect: 'They wait for a worker again and begin from the start.',
  },
  cancel: {
    label: 'Cancel',
    title: 'Cancel jobs',
    verb: 'Cancel',
    done: 'canceled',
    appliesTo: 'jobs that are queued or processing',
    effect: 'Those that wait are not begun, and what a worker has done on the others is thrown away.',
  },
  reconvert: {
    label: 'Convert again',
    title: 'Convert jobs again',
    verb: 'Convert anew',
    done: 'sent to be converted again',
    appliesTo: 'jobs that have ended',
    effect:
      'Completed ones are submitted again with priority low, and the new result takes the place of the old one. Failed and canceled ones begin anew under their own id.',
  },
  callback: {
    label: 'Send callback again',
    title: 'Send callbacks again',
    verb: 'Send again the callbacks of',
    done: 'sent again',
    appliesTo: 'jobs that have ended',
    effect: 'Their receivers hear of the end once more, with the same event id.',
  },
  priority: {
    label: 'Priority',
    title: 'Change the priority of jobs',
    verb: 'Change the priority of',
    done: 'moved',
    appliesTo: 'jobs that wait for a worker',
    effect: 'Jobs of a higher priority are begun before all others.',
  },
  delete: {
    label: 'Delete',
    title: 'Delete jobs',
    verb: 'Delete',
    done: 'deleted',
    appliesTo: 'jobs of any status',
    effect: 'Those that have not ended are canceled first. Nothing is known of them any more: this cannot be undone.',
  },
};

/** `about 1,234 jobs` */
export function countJobs(count: number, isEstimate = false): string {
  const about = isEstimate ? 'about ' : '';
  return `${about}${count.toLocaleString('en-US')} ${count === 1 && !isEstimate ? 'job' : 'jobs'}`;
}

/** What came of it, when it is over or was stopped. */
export function describeSum(action: BulkAction, { done, skipped, failed }: BulkProgress): string {
  const { done: participle } = BULK_WORDS[action];
  const parts = [`${countJobs(done)} ${done === 1 ? 'was' : 'were'} ${participle}`];
  if (skipped > 0) parts.push(`${skipped.toLocaleString('en-US')} skipped`);
  if (failed > 0) parts.push(`${failed.toLocaleString('en-US')} failed`);
  return `${parts.join(', ')}.`;
}
