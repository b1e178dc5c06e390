import {
  CALLBACK_STATUSES,
  errorCodeSchema,
  ERROR_TABLE,
  JOB_STATUSES,
  PHASES,
  storedRequestSchema,
  type JobOutput,
  type JobView,
} from '@tapedeck/contracts';
import { z } from 'zod';
import { json } from './json.ts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

const integer = z.coerce.number().int();
const phase = z.enum(PHASES);

const jobErrorSchema = z.object({ code: errorCodeSchema, message: z.string(), phase: phase.nullable() });
export type StoredJobError = z.output<typeof jobErrorSchema>;

/** A job's record as the Redis hash holds it: strings, and JSON where a field has parts. */
const recordSchema = z.object({
  jobId: z.string(),
  request: json.pipe(storedRequestSchema),
  caller: z.string(),
  fingerprint: z.string(),
  /** What names its result: a key in the bucket, or an address of the caller's. */
  outputName: z.string(),
  status: z.enum(JOB_STATUSES),
  phase: phase.optional(),
  progress: z.coerce.number().default(0),
  attempt: integer.default(0),
  /** How often it was begun from the start: 1, and one more for each retry by hand, return from the journal, or stuck attempt. */
  run: integer.default(1),
  maxAttempts: integer,
  /** The token of the attempt that holds the job; absent when none does. */
  holder: z.string().optional(),
  /** Somebody wants it to stop. The attempt that holds it, or the next one, settles it as canceled. */
  cancelRequestedAtMs: integer.optional(),
  createdAtMs: integer,
  /** Nobody is to see it any more; it stays for its callback alone. */
  deletedAtMs: integer.optional(),
  /** Of the run's first attempt, and of its last. */
  startedAtMs: integer.optional(),
  attemptStartedAtMs: integer.optional(),
  finishedAtMs: integer.optional(),
  /** Nothing of its output is there any more. */
  resultDeletedAtMs: integer.optional(),
  /** What lies there now is another's: nobody deletes it for this job. */
  resultForgottenAtMs: integer.optional(),
  output: json.pipe(z.custom<JobOutput>()).optional(),
  error: json.pipe(jobErrorSchema).optional(),
  plan: json.pipe(z.record(z.string(), z.unknown())).optional(),
  eventId: z.string().optional(),
  callbackBody: z.string().optional(),
  callbackStatus: z.enum(CALLBACK_STATUSES).default('pending'),
  callbackAttempts: integer.default(0),
  /** How often its event was sent from the start of the schedule: 1, and one more for each replay by hand. */
  callbackRound: integer.default(1),
  callbackLastStatus: integer.optional(),
  /** The key under which its Idempotency-Key is remembered, and the hash of the body that came with it. */
  idempotency: z.string().optional(),
  bodyHash: z.string().optional(),
  /** The event whose end of the job is in the journal. */
  journaledEventId: z.string().optional(),
  /** Grows with every change that somebody may see. */
  version: integer.default(0),
});

export type JobRecord = z.output<typeof recordSchema>;

/**
 * The record, checked, or undefined when there is none.
 * @throws ZodError when a record does not fit the schema: somebody else wrote into our keys.
 */
export async function loadRecord(redis: Redis, jobId: string): Promise<JobRecord | undefined> {
  const fields = await loadRecordFields(redis, jobId);
  return fields && parseRecord(fields);
}

/** A record as Redis holds it. */
export type RecordFields = Record<string, string>;

/** @returns undefined when there is none */
export async function loadRecordFields(redis: Redis, jobId: string): Promise<RecordFields | undefined> {
  const fields = await redis.hgetall(keys.job(jobId));
  return Object.keys(fields).length === 0 ? undefined : fields;
}

/** @throws ZodError */
export function parseRecord(fields: RecordFields): JobRecord {
  return recordSchema.parse(fields);
}

/** What a job is born with, and keeps through all its runs. */
const BIRTH_FIELDS = [
  ...['jobId', 'request', 'caller', 'fingerprint', 'outputName', 'maxAttempts', 'createdAtMs'],
  ...['reference', 'slug', 'idempotency', 'bodyHash'],
];

/** The fields of a job that waits for its first attempt, from those that it was born with; others are left out. */
export function waitingFields(fields: Readonly<Record<string, string | number>>): Record<string, string | number> {
  const birth = Object.entries(fields).filter(([name]) => BIRTH_FIELDS.includes(name));
  return {
    ...Object.fromEntries(birth),
    ...{ status: 'queued', progress: 0, attempt: 0, run: 1, callbackStatus: 'pending', callbackAttempts: 0 },
  };
}

/** Where a job stands among the others. */
export interface Standing {
  /** 1 is next; null when it is not in the queue. */
  positionInQueue: number | null;
  /** Unix time in ms. */
  completionAtMs?: number | undefined;
}

/** The record as callers may see it. */
export function buildJobView(record: JobRecord, { positionInQueue, completionAtMs }: Standing): JobView {
  const { request, error } = record;
  const isoTime = (timeMs: number | undefined): string | null =>
    timeMs === undefined ? null : new Date(Math.round(timeMs)).toISOString();
  return {
    jobId: record.jobId,
    kind: request.kind,
    reference: request.reference,
    slug: request.slug,
    bucket: request.bucket,
    status: record.status,
    phase: record.phase ?? null,
    progress: record.progress,
    attempt: record.attempt,
    maxAttempts: record.maxAttempts,
    positionInQueue,
    createdAt: new Date(record.createdAtMs).toISOString(),
    startedAt: isoTime(record.startedAtMs),
    finishedAt: isoTime(record.finishedAtMs),
    estimatedCompletionAt: isoTime(completionAtMs),
    output: record.output ?? null,
    resultDeletedAt: isoTime(record.resultDeletedAtMs),
    error: error ? { ...error, retryable: ERROR_TABLE[error.code].retryable } : null,
    callback: {
      status: record.callbackStatus,
      attempts: record.callbackAttempts,
      lastStatus: record.callbackLastStatus ?? null,
    },
    plan: record.plan ?? null,
    metadata: request.metadata ?? null,
  };
}
