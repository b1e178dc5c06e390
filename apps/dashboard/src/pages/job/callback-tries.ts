import type { Happening } from '@tapedeck/contracts';
import { formatAge, formatDuration } from '../../ui/format.ts';

export type CallbackTry = Extract<Happening, { what: 'callback' }> & { atMs: number };

/** What follows a try. @param isLast no other has been made since */
export function describeNext({ status, nextTryInMs, atMs }: CallbackTry, isLast: boolean, nowMs: number): string {
  if (status !== 'pending' || nextTryInMs === null) return status;
  if (!isLast) return `again after ${formatDuration(nextTryInMs / 1000)}`;
  return atMs + nextTryInMs > nowMs
    ? `again ${formatAge(atMs + nextTryInMs, nowMs).replace('just now', 'now')}`
    : 'again soon';
}
