import { ERROR_TABLE, errorCodeSchema, JOB_KINDS, type ErrorCode, type ErrorGroup } from '@tapedeck/contracts';
import { loadRecords } from './find-jobs.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

/** Failed jobs by their code, the most frequent first. */
export async function loadErrorGroups(redis: Redis): Promise<ErrorGroup[]> {
  const groups = await Promise.all(errorCodeSchema.options.map((code) => loadGroup(redis, code)));
  return groups.filter((group) => group !== undefined).toSorted((a, b) => b.count - a.count || b.lastAtMs - a.lastAtMs);
}

/** Of each kind: the last one may be unreadable, or have been retried since it was looked up. */
const CANDIDATES = 3;

/** @returns undefined where no job of the code is there to be shown */
async function loadGroup(redis: Redis, code: ErrorCode): Promise<ErrorGroup | undefined> {
  const lists = JOB_KINDS.map((kind) => keys.endedFailed(kind, code));
  const counts = await Promise.all(lists.map((list) => redis.zcard(list)));
  const count = counts.reduce((sum, one) => sum + one, 0);
  if (count === 0) return undefined;
  const jobIds = await Promise.all(lists.map((list) => redis.zrevrange(list, 0, CANDIDATES - 1)));
  const records = await loadRecords(redis, jobIds.flat());
  const [last] = records
    .flatMap(({ error, finishedAtMs, ...record }) =>
      error?.code === code && finishedAtMs !== undefined ? [{ ...record, error, lastAtMs: finishedAtMs }] : [],
    )
    .toSorted((a, b) => b.lastAtMs - a.lastAtMs);
  if (!last) return undefined;
  const { jobId, request, error, lastAtMs } = last;
  const { kind, reference, slug } = request;
  const { summary: title, retryable } = ERROR_TABLE[code];
  const example = { jobId, kind, reference, slug, message: error.message, phase: error.phase };
  return { code, title, count, retryable, lastAtMs, example };
}
