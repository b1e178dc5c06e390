import type { ActivityEntry } from '@tapedeck/contracts';
import type { Tone } from '../../ui/badge.tsx';

/** What happened, as the rest of a sentence that begins with the job. */
export const HAPPENED: Record<ActivityEntry['what'], { text: string; tone: Tone; sign: string }> = {
  accepted: { text: 'was accepted', tone: 'quiet', sign: 'accepted' },
  attempt: { text: 'was begun by a worker', tone: 'busy', sign: 'begun' },
  'attempt-failed': { text: 'did not succeed this time, and is tried again', tone: 'warn', sign: 'again' },
  completed: { text: 'is completed', tone: 'good', sign: 'completed' },
  failed: { text: 'failed for good', tone: 'bad', sign: 'failed' },
  canceled: { text: 'was canceled', tone: 'warn', sign: 'canceled' },
  retried: { text: 'was put into the queue again by hand', tone: 'busy', sign: 'retried' },
  'put-back': { text: 'had nobody working on it, and went back into the queue', tone: 'warn', sign: 'put back' },
  'callback-exhausted': { text: 'ended, and its caller could not be told', tone: 'bad', sign: 'callback' },
  deleted: { text: 'was deleted', tone: 'quiet', sign: 'deleted' },
};

/** Those of one day together, in the order that they came in. */
export function groupByDay<T extends { atMs: number }>(entries: readonly T[]): { day: string; entries: T[] }[] {
  const days: { day: string; entries: T[] }[] = [];
  for (const entry of entries) {
    const day = new Date(entry.atMs).toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
    const last = days.at(-1);
    if (last?.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}
