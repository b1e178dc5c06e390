import type { JobView } from '@tapedeck/contracts';
import { formatAge, formatDuration } from '../../ui/format.ts';

/** Why the video is there, or is not: in a sentence or two. */
export function describeState(job: JobView, nowMs: number): string {
  switch (job.status) {
    case 'queued':
      return describeWaiting(job);
    case 'processing':
      return `Attempt ${job.attempt} of ${job.maxAttempts} is at work${job.phase ? `: ${job.phase}` : ''}. ${describeEstimate(job, nowMs)}`;
    case 'completed':
      return `${describeResult(job, nowMs)} ${describeTelling(job)}`;
    case 'failed':
      return `There is no result: it failed ${ageOf(job.finishedAt, nowMs)}, in attempt ${job.attempt} of ${job.maxAttempts}. ${describeTelling(job)}`;
    case 'canceled':
      return `There is no result: it was canceled ${ageOf(job.finishedAt, nowMs)}. ${describeTelling(job)}`;
  }
}

function describeWaiting({ attempt, maxAttempts, positionInQueue }: JobView): string {
  const place = positionInQueue === 1 ? 'It is the next one.' : `It is number ${positionInQueue} in the queue.`;
  const reason =
    attempt > 0 ? `Attempt ${attempt} of ${maxAttempts} is over: it waits for another.` : 'It waits for a worker.';
  return positionInQueue === null ? reason : `${reason} ${place}`;
}

function describeEstimate({ estimatedCompletionAt }: JobView, nowMs: number): string {
  if (estimatedCompletionAt === null) return 'Nobody can say yet how long it takes.';
  const leftMs = Date.parse(estimatedCompletionAt) - nowMs;
  if (leftMs < 0) return 'It takes longer than was expected.';
  return `The result is expected ${formatAge(nowMs + leftMs, nowMs).replace('just now', 'at any moment')}.`;
}

function describeResult({ createdAt, finishedAt, resultDeletedAt }: JobView, nowMs: number): string {
  if (resultDeletedAt !== null) {
    return `The result is not there any more: it was deleted ${ageOf(resultDeletedAt, nowMs)}, because of its age.`;
  }
  const tookSec = Math.max(0, (Date.parse(finishedAt ?? createdAt) - Date.parse(createdAt)) / 1000);
  return `The result is there: it was done ${ageOf(finishedAt, nowMs)}, ${formatDuration(tookSec)} after it was asked for.`;
}

/** A caller who was not told shows nothing, whatever is there. */
function describeTelling({ callback: { status, attempts } }: JobView): string {
  if (status === 'delivered') return 'The caller was told.';
  if (status === 'exhausted') return `The caller was not told: ${count(attempts)} failed, and there is none to come.`;
  return attempts === 0
    ? 'The caller is being told.'
    : `The caller was not told yet: ${count(attempts)} failed, more will come.`;
}

const count = (tries: number): string => (tries === 1 ? '1 try' : `${tries} tries`);

const ageOf = (time: string | null, nowMs: number): string => (time === null ? '' : formatAge(Date.parse(time), nowMs));

export type JobAction = 'retry' | 'cancel' | 'reconvert' | 'priority' | 'callback' | 'delete';

/** What is of use to a job in its state: of some actions that lead to the same, the plainest. */
export function listActions({ status }: Pick<JobView, 'status'>): readonly JobAction[] {
  switch (status) {
    case 'queued':
      return ['cancel', 'priority', 'delete'];
    case 'processing':
      return ['cancel', 'delete'];
    case 'completed':
      return ['reconvert', 'callback', 'delete'];
    case 'failed':
    case 'canceled':
      return ['retry', 'callback', 'delete'];
  }
}
