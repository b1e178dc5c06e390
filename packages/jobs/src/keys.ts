import type { ErrorCode, JobKind, JobStatus } from '@tapedeck/contracts';

/**
 * Every key of jobs and workers. BullMQ's are below `tapedeck:queue`, the API's rate limits below `tapedeck:rate`.
 *
 * - `job:<jobId>` hash: the record, the only truth about a job
 * - `history:<jobId>` list of JSON: what has happened to a job, the oldest first; there while its record is
 * - `activity` list of JSON: what has happened to any job lately, the newest first
 * - `live:<fingerprint>` string: the job that is alive for this kind + reference + source + output
 * - `idempotency:<caller>:<hash>` string: `<jobId> <body hash>` for an Idempotency-Key
 * - `unqueued` sorted set: records whose queue entry was not yet confirmed, by time in ms
 * - `alive` sorted set: jobs that have not ended, by the time in ms of their last news
 * - `outbox` sorted set: jobs whose event was settled and not yet delivered or given up, by time in ms
 * - `publisher:<bucket>/<name>` string: the last job that published there, or does, and the one before it
 * - `turn:<bucket>/<place>` string with a time to live: the turn of the job that replaces objects there
 * - `announcements` sorted set: attempts that publish, or have, and where, by time in ms; until what they left is removed
 * - `cleanups` sorted set: slugs with superseded segments, by the time in ms when those may go
 * - `cancellations` channel: ids of running jobs that are to stop
 * - `changes:<jobId>` channel: the version of a job's record, whenever it changes
 * - `created:<status>:<kind>` sorted set: visible jobs by the time in ms of their birth
 * - `ended:<status>:<kind>` sorted set: visible jobs that have ended, by the time in ms of their end
 * - `created:failed:<kind>:<code>`, `ended:failed:<kind>:<code>` sorted sets: of those, the ones that failed so
 * - `names` sorted set, in the order of its bytes: `<name> NUL <jobId>` of each visible job's reference and slug
 * - `references` sorted set, in the order of its bytes: `<reference> NUL <jobId>` of each visible job
 * - `results` sorted set: visible jobs whose result is published, and was neither deleted nor found to be another's by
 *   now, by the time in ms of their end, or later where it could not be deleted the last time
 * - `hidden` sorted set: jobs in the middle of being deleted, by the time in ms of its beginning
 * - `exhausted` sorted set: visible jobs whose callback was given up, by the time in ms of their end
 * - `tallies` hash: what was counted of all jobs since Redis has its data
 * - `hour:<hours since 1970>` hash with a time to live: the same of one hour, without what is stored
 * - `speed:<kind>` hash: how long recent conversions took, for their size
 * - `stored` hash: `<bucket>/<name>` of each result that is published by a job with a record, and its bytes
 * - `generation` string: the Redis process that has held this data since it was compared with the journal, and a token
 * - `next-generation` string: the token of a comparison that is going on
 * - `chore:<name>` string with a time to live: something that one worker does for all
 * - `worker:<id>` string with a time to live: a worker's last sign of life
 * - `paused:<workerId>` string with a time to live: this worker is to take no other job
 * - `pauses` channel: ids of workers that were paused or resumed
 * - `audit` stream: what people did by hand, the newest ten thousand lines or so
 * - `test-callback:<testId>`, `test-callback-outcome:<testId>` strings with a time to live: where a test event is to be
 *   sent, and what came of it
 * - `alerts` hash: each alert's state, while there is something to say of it
 * - `signs` sorted set: workers that have not said good-bye, by the time in ms of their last sign
 * - `stand-in-signs` sorted set: the same of stand-ins
 */
export const PREFIX = 'tapedeck';

export const QUEUE_PREFIX = `${PREFIX}:queue`;

export const keys = {
  job: (jobId: string) => `${PREFIX}:job:${jobId}`,
  history: (jobId: string) => `${PREFIX}:history:${jobId}`,
  activity: `${PREFIX}:activity`,
  live: (fingerprint: string) => `${PREFIX}:live:${fingerprint}`,
  idempotency: (caller: string, keyHash: string) => `${PREFIX}:idempotency:${caller}:${keyHash}`,
  unqueued: `${PREFIX}:unqueued`,
  alive: `${PREFIX}:alive`,
  outbox: `${PREFIX}:outbox`,
  publisher: (bucket: string, outputName: string) => `${PREFIX}:publisher:${bucket}/${outputName}`,
  turn: (bucket: string, place: string) => `${PREFIX}:turn:${bucket}/${place}`,
  announcements: `${PREFIX}:announcements`,
  cancellations: `${PREFIX}:cancellations`,
  changes: (jobId: string) => `${PREFIX}:changes:${jobId}`,
  created: (status: JobStatus, kind: JobKind) => `${PREFIX}:created:${status}:${kind}`,
  ended: (status: JobStatus, kind: JobKind) => `${PREFIX}:ended:${status}:${kind}`,
  createdFailed: (kind: JobKind, code: ErrorCode) => `${PREFIX}:created:failed:${kind}:${code}`,
  endedFailed: (kind: JobKind, code: ErrorCode) => `${PREFIX}:ended:failed:${kind}:${code}`,
  names: `${PREFIX}:names`,
  results: `${PREFIX}:results`,
  references: `${PREFIX}:references`,
  hidden: `${PREFIX}:hidden`,
  exhausted: `${PREFIX}:exhausted`,
  tallies: `${PREFIX}:tallies`,
  hour: (hour: number) => `${PREFIX}:hour:${hour}`,
  speed: (kind: JobKind) => `${PREFIX}:speed:${kind}`,
  stored: `${PREFIX}:stored`,
  cleanups: `${PREFIX}:cleanups`,
  generation: `${PREFIX}:generation`,
  nextGeneration: `${PREFIX}:next-generation`,
  chore: (name: string) => `${PREFIX}:chore:${name}`,
  worker: (workerId: string) => `${PREFIX}:worker:${workerId}`,
  paused: (workerId: string) => `${PREFIX}:paused:${workerId}`,
  pauses: `${PREFIX}:pauses`,
  signs: `${PREFIX}:signs`,
  standInSigns: `${PREFIX}:stand-in-signs`,
  audit: `${PREFIX}:audit`,
  testCallback: (testId: string) => `${PREFIX}:test-callback:${testId}`,
  testCallbackOutcome: (testId: string) => `${PREFIX}:test-callback-outcome:${testId}`,
  alerts: `${PREFIX}:alerts`,
};

/** A result's field in `stored`. */
export const storedName = (bucket: string, outputName: string): string => `${bucket}/${outputName}`;

/** How long an Idempotency-Key is remembered. */
export const IDEMPOTENCY_TTL_MS = 7 * 24 * 3_600_000;

/** A week can be looked back on, and the hour in which it began. */
export const HOUR_TTL_MS = 8 * 24 * 3_600_000;
