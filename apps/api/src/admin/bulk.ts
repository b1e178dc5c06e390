import { randomUUID } from 'node:crypto';
import {
  bulkRequestSchema,
  JobError,
  parseInput,
  parseJobQuery,
  type BulkPreview,
  type BulkProgress,
  type BulkRequest,
  type JobStatus,
} from '@tapedeck/contracts';
import { findJobs, loadRecords, type JobFilter, type JobRecord } from '@tapedeck/jobs';
import { inLanes, withDeadline } from '@tapedeck/runtime';
import { describeFailure, onEachJob, type Deed } from '@tapedeck/upkeep';
import type { FastifyInstance } from 'fastify';
import { orUnavailable, requireValid } from '../job-access.ts';
import type { DeleteOptions } from '../routes/delete-job.ts';
import { toFilter } from '../routes/jobs.ts';
import { createBulkWork, type BulkWork } from './bulk-actions.ts';
import { createLineStreams } from './line-stream.ts';
import { ADMIN_API_PATH } from './paths.ts';

const JOB_TIMEOUT_MS = 90_000;
const SAMPLE = 5;

/**
 * `POST /admin/api/bulk`: the same to many jobs. With dryRun, how many there are; else it is done while the answer tells
 * how far it is. Whoever hangs up stops it: what is done stays done, the rest stays as it is, and it may be asked for
 * again. Jobs that come in meanwhile are no part of it.
 */
export async function bulkRoute(app: FastifyInstance, options: DeleteOptions): Promise<void> {
  const streams = createLineStreams(app);
  app.post(`${ADMIN_API_PATH}/bulk`, { config: { audit: 'jobs.bulk' } }, async (asked, reply) => {
    const request = requireValid(parseInput(bulkRequestSchema, asked.body)).value;
    const choice = toChoice(request);
    asked.about = describeBulk(request);
    const bulk = createBulkWork(options, request, `by hand ${randomUUID()}`);
    if (request.dryRun) return orUnavailable(() => options.searchInTurn(() => preview(options, choice, bulk.statuses)));
    const progress = await orUnavailable(() => options.searchInTurn(() => start(options, choice, bulk.statuses)));
    const take = (isOver: boolean): BulkProgress[] => [{ ...progress, isOver }];
    // The trail has a line when it is begun: this says what came of it, also for whom has hung up.
    const logEnd = (): void => asked.log.info({ log: 'audit', about: asked.about, ...progress }, 'many jobs: over');
    return streams.send(reply, take, (signal) => carryOut({ options, choice, bulk, progress, signal }).finally(logEnd));
  });
}

/** For the audit trail. */
function describeBulk({ action, dryRun, jobIds, filter = {} }: BulkRequest): string {
  const which = jobIds ? `${jobIds.length} selected` : new URLSearchParams(Object.entries(filter)).toString() || 'all';
  return `${action}: ${which}${dryRun ? ' (dry run)' : ''}`;
}

/** Which jobs: some by their ids, or all that fit. */
type Choice = { jobIds: readonly string[] } | { filter: JobFilter };

/** @throws InvalidRequestError */
function toChoice({ jobIds, filter = {} }: BulkRequest): Choice {
  if (jobIds) return { jobIds: [...new Set(jobIds)] };
  const { query } = requireValid(parseJobQuery(filter));
  return { filter: toFilter(query) };
}

async function preview({ redis }: DeleteOptions, choice: Choice, statuses: readonly JobStatus[]): Promise<BulkPreview> {
  if ('jobIds' in choice) {
    const records = await loadRecords(redis, choice.jobIds);
    const applicable = records.filter(({ status }) => statuses.includes(status));
    const sample = applicable.slice(0, SAMPLE).map(nameOf);
    return { matching: records.length, applicable: applicable.length, isEstimate: false, sample };
  }
  const { filter } = choice;
  const all = await findJobs(redis, filter, { limit: 1, offset: 0 });
  const narrowed = narrow(filter, statuses);
  if (!narrowed) return { matching: all.total, applicable: 0, isEstimate: all.totalIsEstimate, sample: [] };
  const fitting = await findJobs(redis, narrowed, { limit: SAMPLE, offset: 0 });
  return {
    matching: all.total,
    applicable: fitting.total,
    isEstimate: all.totalIsEstimate || fitting.totalIsEstimate,
    sample: (await loadRecords(redis, fitting.jobIds)).map(nameOf),
  };
}

function nameOf({ jobId, request: { slug, reference } }: JobRecord): BulkPreview['sample'][number] {
  return { jobId, slug, reference };
}

/** undefined where nothing can fit both. */
function narrow(filter: JobFilter, statuses: readonly JobStatus[]): JobFilter | undefined {
  const asked = filter.statuses.length === 0 ? statuses : filter.statuses;
  const both = asked.filter((status) => statuses.includes(status));
  return both.length === 0 ? undefined : { ...filter, statuses: both };
}

async function start({ redis }: DeleteOptions, choice: Choice, statuses: readonly JobStatus[]): Promise<BulkProgress> {
  const counts = { seen: 0, done: 0, skipped: 0, failed: 0, lastProblem: null, isOver: false };
  if ('jobIds' in choice) return { ...counts, total: choice.jobIds.length };
  const narrowed = narrow(choice.filter, statuses);
  const found = narrowed && (await findJobs(redis, narrowed, { limit: 1, offset: 0 }));
  return { ...counts, total: found?.total ?? 0 };
}

interface Run {
  options: DeleteOptions;
  choice: Choice;
  bulk: BulkWork;
  /** Is kept up to date. */
  progress: BulkProgress;
  signal: AbortSignal;
}

async function carryOut({ options, choice, bulk, progress, signal }: Run): Promise<void> {
  const { redis } = options;
  const count = ({ outcome, about, what }: Deed): void => {
    progress.seen += 1;
    progress[outcome] += 1;
    if (outcome !== 'done') progress.lastProblem = `${about}: ${what}`;
  };
  const work = async (record: JobRecord): Promise<void> => {
    const { jobId, status } = record;
    const isFor = bulk.statuses.includes(status);
    const deed = isFor ? await attempt(bulk, record) : { outcome: 'skipped' as const, what: `it is ${status}` };
    count({ about: jobId, ...deed });
  };
  if ('jobIds' in choice) {
    const records = await loadRecords(redis, choice.jobIds);
    const known = new Set(records.map(({ jobId }) => jobId));
    const unknown = choice.jobIds.filter((jobId) => !known.has(jobId));
    unknown.forEach((jobId) => count({ outcome: 'skipped', about: jobId, what: 'no job has this id' }));
    return inLanes(records, async (record) => {
      signal.throwIfAborted();
      await work(record);
    });
  }
  const narrowed = narrow(choice.filter, bulk.statuses);
  if (!narrowed) return;
  const filter = { ...narrowed, toMs: Math.min(narrowed.toMs ?? Infinity, Date.now()) };
  await onEachJob({ redis, filter, timeoutMs: JOB_TIMEOUT_MS, onDeed: count, signal }, work);
}

async function attempt(bulk: BulkWork, record: JobRecord): Promise<Pick<Deed, 'outcome' | 'what'>> {
  try {
    await withDeadline(bulk.work(record), JOB_TIMEOUT_MS, 'it');
    return { outcome: 'done', what: '' };
  } catch (error) {
    const isRefusal = error instanceof JobError && error.httpStatus < 500;
    return { outcome: isRefusal ? 'skipped' : 'failed', what: describeFailure(error) };
  }
}
