import type { ErrorCode, HistoryEntry, Phase } from '@tapedeck/contracts';

/** A job's history as people ask for it: its runs, the attempts of each, and where their time went. */
export interface TimelineRun {
  run: number;
  begunBy: 'accepted' | 'retried' | 'put-back' | null;
  /** In the order in which they happened. */
  items: readonly TimelineItem[];
}

export type TimelineItem = TimelineAttempt | TimelineNote;

export interface TimelineAttempt {
  what: 'attempt';
  attempt: number;
  /** null where the history no longer goes back so far. */
  workerId: string | null;
  startMs: number;
  /** Since it could have begun; null where that is not known. */
  waitedMs: number | null;
  phases: readonly PhaseSpan[];
  /** null while it goes on. */
  ending: AttemptEnding | null;
}

export interface PhaseSpan {
  phase: Phase;
  startMs: number;
  /** null while it goes on. */
  endMs: number | null;
}

export interface AttemptEnding {
  /** `lost`: another one began, and nobody had heard of an end. */
  how: 'completed' | 'failed' | 'canceled' | 'handed-back' | 'lost';
  atMs: number;
  failure: Failure | null;
}

export interface Failure {
  code: ErrorCode;
  message: string;
  phase: Phase | null;
}

export interface TimelineNote {
  what: 'note';
  atMs: number;
  text: string;
  failure: Failure | null;
}

/**
 * @param history the oldest first; its beginning may be missing
 * @param lastRun the number of the run that the job is in: the ones before are counted back from it
 */
export function buildTimeline(history: readonly HistoryEntry[], lastRun: number): TimelineRun[] {
  const builder = new TimelineBuilder();
  history.forEach((entry, index) => builder.add(entry, () => history.slice(index + 1).find((next) => !isAside(next))));
  const { runs } = builder;
  return runs.map(({ begunBy, items }, index) => ({
    run: Math.max(1, lastRun - (runs.length - 1 - index)),
    begunBy,
    items,
  }));
}

type FindNext = () => HistoryEntry | undefined;

interface OpenAttempt extends TimelineAttempt {
  phases: PhaseSpan[];
}

class TimelineBuilder {
  readonly runs: { begunBy: TimelineRun['begunBy']; items: TimelineItem[] }[] = [];
  #attempt: OpenAttempt | undefined;
  /** Since when the job could be taken by a worker. */
  #readyMs: number | null = null;
  /** The number of the run; undefined where the history does not tell. */
  #run: number | undefined;

  /** @param findNext what begins or ends something after it */
  add(entry: HistoryEntry, findNext: FindNext): void {
    const { atMs } = entry;
    if (isAside(entry)) return this.#tell(entry);
    switch (entry.what) {
      case 'accepted':
        return this.#beginRun(entry.what, atMs, 1);
      case 'retried':
        return this.#beginRun(entry.what, atMs, this.#run && this.#run + 1);
      case 'put-back':
        return this.#putBack(entry, findNext);
      case 'attempt':
        return void this.#begin(entry.attempt, entry.workerId, atMs);
      case 'phase':
        return this.#enter(entry.attempt, entry.phase, atMs);
      case 'attempt-failed':
        return this.#endAttempt('failed', atMs, pickFailure(entry));
      case 'handed-back':
        return this.#endAttempt('handed-back', atMs);
      case 'failed':
        return this.#fail(atMs, pickFailure(entry));
      case 'completed':
      case 'canceled':
        return this.#attempt ? this.#endAttempt(entry.what, atMs) : this.#note(atMs, NOTES[entry.what]);
    }
  }

  /** A job is taken from an attempt in a new run; one whose entry was put there again goes on in its own. */
  #putBack({ run, atMs }: PutBack, findNext: FindNext): void {
    const isNewRun = run === undefined || this.#run === undefined ? !goesOn(findNext()) : run > this.#run;
    if (isNewRun) return this.#beginRun('put-back', atMs, run ?? (this.#run && this.#run + 1));
    this.#note(atMs, 'Put back into the queue: nobody worked on it');
    this.#run ??= run;
  }

  #beginRun(begunBy: keyof typeof RUN_NOTES, atMs: number, run: number | undefined): void {
    this.#endAttempt('lost', atMs);
    this.#run = run;
    this.runs.push({ begunBy, items: [] });
    this.#readyMs = atMs;
    this.#note(atMs, RUN_NOTES[begunBy]);
  }

  /** What FFmpeg said, and callbacks, have lists of their own. */
  #tell(entry: Aside): void {
    if (entry.what === 'cancel-requested') this.#note(entry.atMs, 'Somebody asked to cancel it');
    if (entry.what === 'priority') this.#note(entry.atMs, `Priority changed to ${entry.priority}`);
  }

  get #items(): TimelineItem[] {
    if (this.runs.length === 0) this.runs.push({ begunBy: null, items: [] });
    return this.runs.at(-1)!.items;
  }

  #begin(attempt: number, workerId: string | null, startMs: number): OpenAttempt {
    this.#endAttempt('lost', startMs);
    const waitedMs = this.#readyMs === null || workerId === null ? null : Math.max(0, startMs - this.#readyMs);
    const begun: OpenAttempt = { what: 'attempt', attempt, workerId, startMs, waitedMs, phases: [], ending: null };
    this.#items.push(begun);
    this.#attempt = begun;
    return begun;
  }

  #enter(attempt: number, phase: Phase, startMs: number): void {
    const open = this.#attempt?.attempt === attempt ? this.#attempt : this.#begin(attempt, null, startMs);
    closePhase(open, startMs);
    open.phases.push({ phase, startMs, endMs: null });
  }

  #endAttempt(how: AttemptEnding['how'], atMs: number, failure: Failure | null = null): void {
    const open = this.#attempt;
    this.#attempt = undefined;
    if (open ?? failure) this.#readyMs = atMs;
    if (!open) {
      if (failure) this.#note(atMs, 'Attempt failed', failure);
      return;
    }
    closePhase(open, atMs);
    open.ending = { how, atMs, failure };
  }

  /** What the last attempt has said already is not said twice. */
  #fail(atMs: number, failure: Failure): void {
    if (this.#attempt) return this.#endAttempt('failed', atMs, failure);
    const last = this.#items.at(-1);
    const told = last?.what === 'attempt' ? last.ending?.failure : last?.failure;
    this.#note(atMs, 'The job failed', told?.message === failure.message ? null : failure);
  }

  #note(atMs: number, text: string, failure: Failure | null = null): void {
    this.#items.push({ what: 'note', atMs, text, failure });
  }
}

const ASIDES = ['tool', 'callback', 'callback-resent', 'cancel-requested', 'priority'] as const;
type Aside = Extract<HistoryEntry, { what: (typeof ASIDES)[number] }>;

/** What begins nothing and ends nothing. */
function isAside(entry: HistoryEntry): entry is Aside {
  const asides: readonly string[] = ASIDES;
  return asides.includes(entry.what);
}

type PutBack = Extract<HistoryEntry, { what: 'put-back' }>;

/** Whether the attempt before was heard of again: the first that is heard of a new run is that an attempt begins. */
function goesOn(next: HistoryEntry | undefined): boolean {
  return next !== undefined && ['phase', 'attempt-failed', 'handed-back', 'completed'].includes(next.what);
}

const NOTES = { completed: 'Completed', canceled: 'Canceled' } as const;

const RUN_NOTES = {
  accepted: 'Accepted',
  retried: 'Retried by hand: from the start',
  'put-back': 'Put back into the queue: from the start',
} as const;

function pickFailure({ code, message, phase }: Failure): Failure {
  return { code, message, phase };
}

function closePhase({ phases }: OpenAttempt, atMs: number): void {
  const last = phases.at(-1);
  if (last && last.endMs === null) last.endMs = Math.max(last.startMs, atMs);
}

/** How long it took, or has taken until now. Clocks of two machines never make it negative. */
export function measureMs({ startMs, endMs }: { startMs: number; endMs: number | null }, nowMs: number): number {
  return Math.max(0, (endMs ?? nowMs) - startMs);
}

/** Where each phase lies within its attempt, 0 to 1. */
export function layOutPhases(
  { startMs, phases, ending }: TimelineAttempt,
  nowMs: number,
): { from: number; to: number }[] {
  const endMs = Math.max(ending?.atMs ?? nowMs, ...phases.map((span) => span.endMs ?? span.startMs));
  const wholeMs = Math.max(1, endMs - startMs);
  const place = (atMs: number): number => Math.min(1, Math.max(0, (atMs - startMs) / wholeMs));
  return phases.map((span) => ({ from: place(span.startMs), to: place(span.endMs ?? endMs) }));
}
