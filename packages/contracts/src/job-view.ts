import { z } from 'zod';
import { errorCodeSchema } from './errors.ts';
import { jobOutputSchema } from './job-output.ts';
import { CALLBACK_STATUSES, JOB_KINDS, JOB_STATUSES, PHASES } from './vocabulary.ts';

const time = z.iso.datetime().describe('ISO 8601, UTC.');
const phase = z.enum(PHASES);

/** A job as `GET /api/jobs/:jobId` shows it. Times are ISO 8601; what is not known yet is null. */
export const jobViewSchema = z.object({
  jobId: z.string(),
  kind: z.enum(JOB_KINDS).describe('tape: a ZIP of frames becomes an MP4. hls: a video becomes an adaptive stream.'),
  reference: z.string().describe("The caller's own name for it: mongoId or id of the request."),
  slug: z.string(),
  bucket: z.string(),
  status: z.enum(JOB_STATUSES).describe('queued and processing are alive; the other three are how it ended.'),
  phase: phase.nullable().describe('What the attempt is doing now.'),
  progress: z.number().min(0).max(100).describe('Percent of the whole job.'),
  attempt: z.int().min(0).describe('0 before the first.'),
  maxAttempts: z.int().min(1),
  positionInQueue: z.int().min(1).nullable().describe('1 is next; null once a worker has it.'),
  createdAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  estimatedCompletionAt: time.nullable(),
  output: jobOutputSchema.nullable(),
  resultDeletedAt: time
    .nullable()
    .describe('When what output names was deleted because of its age; null while it is there.'),
  error: z
    .object({
      code: errorCodeSchema,
      message: z.string(),
      retryable: z.boolean().describe('Is the same job, tried again later, likely to end differently?'),
      phase: phase.nullable(),
    })
    .nullable(),
  callback: z.object({
    status: z
      .enum(CALLBACK_STATUSES)
      .describe('pending may still be tried; delivered got a 2xx; exhausted will not be tried again by itself.'),
    attempts: z.int().min(0),
    lastStatus: z.int().nullable().describe('The HTTP status of the last answer; null when there was none.'),
  }),
  plan: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('How the attempt was carried out: output size and why, timing, encoder settings, memory.'),
  metadata: z.record(z.string(), z.unknown()).nullable().describe('As it came with the request.'),
});
export type JobView = z.output<typeof jobViewSchema>;
