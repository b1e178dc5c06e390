import { JobError, type JobView, type RequestIssues } from '@tapedeck/contracts';
import {
  buildJobView,
  loadForecast,
  loadRecord,
  type Backend,
  type Forecast,
  type JobRecord,
  type Redis,
} from '@tapedeck/jobs';
import { ZodError } from 'zod';
import { InvalidRequestError } from './plugins/problem-details.ts';
import { shareAnswers } from './share-answers.ts';
import { createTurns } from './take-turns.ts';

/** What routes about jobs have in common. */
export interface JobAccess extends Backend {
  /** When jobs will be done. Made once for all who ask at about the same time: it looks at all that run. */
  forecast: () => Promise<Forecast>;
  /** Lets searches wait for each other: one may look at thousands of jobs. */
  searchInTurn: <T>(search: () => Promise<T>) => Promise<T>;
}

const SEARCHES = { what: 'searches', maxWaiting: 50, maxWaitMs: 5_000 };

export function createJobAccess<T extends Backend>(backend: T): T & JobAccess {
  return {
    ...backend,
    forecast: shareAnswers(() => loadForecast(backend.redis)),
    searchInTurn: createTurns(SEARCHES),
  };
}

/** @throws InvalidRequestError */
export function requireValid<T extends { ok: true }>(parsed: T | { ok: false; issues: RequestIssues }): T {
  if (parsed.ok) return parsed;
  throw new InvalidRequestError(parsed.issues);
}

/** @throws JobError NOT_FOUND */
export async function requireRecord(redis: Redis, jobId: string): Promise<JobRecord> {
  const record = await loadRecord(redis, jobId);
  if (!record || record.deletedAtMs !== undefined) throw new JobError('NOT_FOUND', 'no job has this id');
  return record;
}

export async function viewOf(access: JobAccess, record: JobRecord): Promise<JobView> {
  const [view] = await viewsOf(access, [record]);
  return view!;
}

/** The forecast is made once for all of them; those that have ended need none. */
export async function viewsOf({ queues, forecast }: JobAccess, records: readonly JobRecord[]): Promise<JobView[]> {
  const isAnyAlive = records.some(({ finishedAtMs }) => finishedAtMs === undefined);
  const forecasts = isAnyAlive ? await forecast() : undefined;
  return Promise.all(
    records.map(async (record) => {
      const positionInQueue = record.status === 'queued' ? await queues.positionOf(record) : null;
      return buildJobView(record, {
        positionInQueue,
        completionAtMs: forecasts?.completionOf(record, positionInQueue),
      });
    }),
  );
}

/** @throws JobError QUEUE_UNAVAILABLE for whatever Redis throws; what is our own fault stays what it is */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  return work().catch((cause: unknown) => {
    if (cause instanceof JobError || cause instanceof TypeError || cause instanceof ZodError) throw cause;
    throw new JobError('QUEUE_UNAVAILABLE', 'Redis does not answer: nothing can be read or changed now', { cause });
  });
}
