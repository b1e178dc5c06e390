import { randomUUID } from 'node:crypto';
import type { AttemptMeasures, Phase, ToolRunReport } from '@tapedeck/contracts';
import { bookFailedAttempt, NOTHING_MEASURED } from './bookkeeping.ts';
import { formatHappening } from './history.ts';
import { keys } from './keys.ts';
import type { ConversionEntry } from './queues.ts';
import { loadRecord, type JobRecord, type StoredJobError } from './record.ts';
import { createRecordScript } from './record-script.ts';
import type { Redis } from './redis.ts';

/**
 * An attempt *holds* its job while the record's `holder` is its token. Beginning takes the job from whoever held it;
 * every later write asks for the token first. So a worker that lost its lock and wakes up again can change nothing.
 */
export interface Attempt {
  jobId: string;
  /** 1 for the first. */
  number: number;
  token: string;
  record: JobRecord;
}

/**
 * KEYS job, alive; ARGV token, nowMs, run, jobId, workerId. Answers the attempt's number, or nothing when the run has
 * ended or the job is gone.
 */
const BEGIN = createRecordScript(
  `
  local status = redis.call('HGET', KEYS[1], 'status')
  if status ~= 'queued' and status ~= 'processing' then return false end
  if (redis.call('HGET', KEYS[1], 'run') or '1') ~= ARGV[3] then return false end
  redis.call('HSET', KEYS[1], 'status', 'processing', 'holder', ARGV[1], 'progress', 0, 'attemptStartedAtMs', ARGV[2])
  redis.call('HSETNX', KEYS[1], 'startedAtMs', ARGV[2])
  redis.call('HDEL', KEYS[1], 'phase')
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[4])
  local number = redis.call('HINCRBY', KEYS[1], 'attempt', 1)
  list(ARGV[4])
  note(ARGV[4], cjson.encode({ what = 'attempt', attempt = number, workerId = ARGV[5] }))
  return number
  `,
);

/**
 * KEYS job, alive; ARGV token, nowMs, jobId, happening or '', field, value, … Answers `lost` when another attempt holds
 * the job or it has ended, `canceled` when it is to be stopped.
 */
const WRITE_AS_HOLDER = createRecordScript(
  `
  if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 'lost' end
  redis.call('HSET', KEYS[1], unpack(ARGV, 5))
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
  changed(ARGV[3])
  if ARGV[4] ~= '' then note(ARGV[3], ARGV[4]) end
  return redis.call('HEXISTS', KEYS[1], 'cancelRequestedAtMs') == 1 and 'canceled' or 'written'
  `,
);

/** KEYS job; ARGV token, jobId, '1' when the attempt is not to be counted, tallies, happening, field, value, … */
const RELEASE = createRecordScript(
  `
  if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'status', 'queued', 'progress', 0)
  if #ARGV > 5 then redis.call('HSET', KEYS[1], unpack(ARGV, 6)) end
  redis.call('HDEL', KEYS[1], 'holder', 'phase')
  if ARGV[3] == '1' then redis.call('HINCRBY', KEYS[1], 'attempt', -1) end
  list(ARGV[2])
  tally(ARGV[4])
  note(ARGV[2], ARGV[5])
  return 1
  `,
);

/**
 * @param workerId for the job's history
 * @returns undefined when there is nothing left to do: this run of the job has ended, or its record is gone.
 */
export async function beginAttempt(
  redis: Redis,
  { jobId, run }: ConversionEntry,
  workerId = 'unnamed',
): Promise<Attempt | undefined> {
  const token = randomUUID();
  const number = await BEGIN.run(redis, [keys.job(jobId), keys.alive], [token, Date.now(), run, jobId, workerId]);
  if (typeof number !== 'number') return undefined;
  const record = await loadRecord(redis, jobId);
  return record && { jobId, number, token, record };
}

export interface AttemptNews {
  phase?: Phase;
  /** 0 to 100 over the whole job. */
  progress?: number;
  plan?: Record<string, unknown>;
}

/** Asks without news: for an attempt that has none at the moment. */
export async function askStanding(redis: Redis, { jobId, token }: Attempt): Promise<'held' | 'lost' | 'canceled'> {
  const [holder, cancelRequestedAtMs] = await redis.hmget(keys.job(jobId), 'holder', 'cancelRequestedAtMs');
  if (holder !== token) return 'lost';
  return cancelRequestedAtMs === null ? 'held' : 'canceled';
}

/** `lost`: another attempt holds the job; `canceled`: somebody wants it to stop. Both must publish nothing more. */
export type ReportAnswer = 'written' | 'lost' | 'canceled';

export async function reportProgress(redis: Redis, attempt: Attempt, news: AttemptNews): Promise<ReportAnswer> {
  const { plan, ...plain } = news;
  const fields = { ...plain, ...(plan && { plan: JSON.stringify(plan) }) };
  const { jobId, token, number } = attempt;
  const happening = news.phase && formatHappening({ what: 'phase', attempt: number, phase: news.phase });
  const answer = await WRITE_AS_HOLDER.run(
    redis,
    [keys.job(jobId), keys.alive],
    [token, Date.now(), jobId, happening ?? '', ...Object.entries(fields).flat()],
  );
  return answer as ReportAnswer;
}

/** KEYS job; ARGV token, jobId, happening */
const NOTE_AS_HOLDER = createRecordScript(
  `if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then note(ARGV[2], ARGV[3]) end`,
);

/** What FFmpeg, or ffprobe, did for this attempt, for the job's history. Nothing when another attempt holds the job. */
export async function noteToolRun(redis: Redis, { jobId, token, number }: Attempt, run: ToolRunReport): Promise<void> {
  const happening = formatHappening({ what: 'tool', attempt: number, ...run });
  await NOTE_AS_HOLDER.run(redis, [keys.job(jobId)], [token, jobId, happening]);
}

/** Is it still this attempt's job? Asked right before anything becomes public. */
export async function isHolder(redis: Redis, attempt: Pick<Attempt, 'jobId' | 'token'>): Promise<boolean> {
  return (await redis.hget(keys.job(attempt.jobId), 'holder')) === attempt.token;
}

/** Gives the job back to be tried again. The error of this attempt stays visible until the next outcome. */
export async function releaseForRetry(
  redis: Redis,
  attempt: Attempt,
  error: StoredJobError,
  measures: AttemptMeasures = NOTHING_MEASURED,
): Promise<void> {
  const { jobId, token, number, record } = attempt;
  const tallies = JSON.stringify(bookFailedAttempt(record, error.code, measures));
  const happening = formatHappening({ what: 'attempt-failed', attempt: number, ...error });
  await RELEASE.run(redis, [keys.job(jobId)], [token, jobId, '0', tallies, happening, 'error', JSON.stringify(error)]);
}

/** Gives the job back untouched, because this worker is stopping: the attempt does not count. */
export async function handBack(redis: Redis, attempt: Attempt): Promise<void> {
  const { jobId, token } = attempt;
  await RELEASE.run(redis, [keys.job(jobId)], [token, jobId, '1', '{}', formatHappening({ what: 'handed-back' })]);
}
