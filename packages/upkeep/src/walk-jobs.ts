import type { ErrorCode, JobKind, JobStatus } from '@tapedeck/contracts';
import { findJobs, loadRecords, lowerAscii, type JobRecord, type Redis } from '@tapedeck/jobs';

/** Which jobs; see JobFilter of @tapedeck/jobs. */
export interface WalkFilter {
  statuses: readonly JobStatus[];
  kind: JobKind | undefined;
  code: ErrorCode | undefined;
  /** How the reference or the slug begins, in whatever case (ASCII). */
  prefix: string | undefined;
  fromMs: number | undefined;
  /** What is younger than the walk is no part of it. */
  toMs: number;
  sort: 'createdAt' | 'finishedAt';
  /** So many are looked at together; default: 100. */
  pageSize?: number;
}

/** How far a walk has come: all before `fromMs` were met, and of the others these. */
export interface WalkCursor {
  fromMs: number;
  seen: string[];
}

export interface WalkPage {
  records: JobRecord[];
  /** How many were looked at for it. */
  walked: number;
  /** Where the walk goes on once these are done. */
  cursor: WalkCursor;
}

const PAGE = 100;
const START: WalkCursor = { fromMs: 0, seen: [] };

/**
 * Every job that fits, the oldest first, each once, in pages: also while the jobs change, because the walk remembers the
 * time that it has reached and not a place in a list. Records that cannot be read are left out.
 */
export async function* walkJobs(redis: Redis, filter: WalkFilter, start = START): AsyncGenerator<WalkPage> {
  const { pageSize = PAGE } = filter;
  let fromMs = Math.max(start.fromMs, filter.fromMs ?? 0);
  let seen = new Set(start.seen);
  for (;;) {
    const criteria = { ...filter, prefix: undefined, fromMs, order: 'asc' } as const;
    const { jobIds } = await findJobs(redis, criteria, { limit: pageSize + seen.size, offset: 0 });
    const fresh = jobIds.filter((jobId) => !seen.has(jobId)).slice(0, pageSize);
    if (fresh.length === 0) return;
    const records = await loadRecords(redis, fresh);
    const lastMs = Math.max(0, ...records.map((record) => timeOf(record, filter)));
    seen = lastMs > fromMs ? new Set(fresh) : new Set([...seen, ...fresh]);
    fromMs = Math.max(fromMs, lastMs);
    const cursor = { fromMs, seen: [...seen] };
    yield { records: records.filter((record) => hasPrefix(record, filter)), walked: fresh.length, cursor };
  }
}

/** How many jobs a walk looks at in all. */
export async function countJobs(redis: Redis, filter: WalkFilter): Promise<number> {
  const criteria = { ...filter, prefix: undefined, order: 'asc' } as const;
  return (await findJobs(redis, criteria, { limit: 1, offset: 0 })).total;
}

function timeOf({ createdAtMs, finishedAtMs = 0 }: JobRecord, { sort }: WalkFilter): number {
  return sort === 'createdAt' ? createdAtMs : finishedAtMs;
}

function hasPrefix({ request }: JobRecord, { prefix = '' }: WalkFilter): boolean {
  const wanted = lowerAscii(prefix);
  return [request.reference, request.slug].some((name) => lowerAscii(name).startsWith(wanted));
}
