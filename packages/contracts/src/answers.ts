import { z } from 'zod';
import { errorCodeSchema } from './errors.ts';
import { jobViewSchema } from './job-view.ts';
import { JOB_KINDS, JOB_STATUSES } from './vocabulary.ts';

/** `POST /convert`: 202, or 200 with `duplicate` for a request that is known. */
export const acceptedSchema = z.object({
  jobId: z.string(),
  status: z.enum(JOB_STATUSES),
  kind: z.enum(JOB_KINDS),
  positionInQueue: z.int().min(1).nullable().describe('1 is next; null when a worker has it, or when it is not known.'),
  statusUrl: z.string().describe('Where to ask for the job.'),
  duplicate: z.literal(true).optional().describe('This request was accepted before; the job is that one.'),
});
export type Accepted = z.output<typeof acceptedSchema>;

/** `GET /api/jobs` */
export const jobListSchema = z.object({
  total: z.int().min(0).describe('How many jobs fit the query, on all pages.'),
  totalIsEstimate: z
    .literal(true)
    .optional()
    .describe('Set when thousands fit `q`: `total` is made from how often it was met on the way to this page.'),
  limit: z.int().min(1),
  offset: z.int().min(0),
  jobs: z.array(jobViewSchema),
});
export type JobList = z.output<typeof jobListSchema>;

const count = z.int().min(0);

/** `GET /api/stats` */
export const statsSchema = z.object({
  total: count.describe('All jobs that are known.'),
  completed: count,
  processing: count,
  queued: count,
  failed: count,
  canceled: count,
  today: count.describe('Accepted since 00:00 UTC.'),
  successRate: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe('completed / (completed + failed); null while nothing has ended.'),
  averageConversionSec: z
    .number()
    .min(0)
    .nullable()
    .describe('Seconds from the start to the end of completed jobs; null while there is none.'),
  queueLength: count.describe('Jobs that wait for a worker.'),
  storageBytes: count.describe(
    'Bytes of the results that were published and not deleted, of jobs that are not forgotten.',
  ),
});
export type Stats = z.output<typeof statsSchema>;

/** `DELETE /api/jobs/:jobId` */
export const deletedSchema = z.object({
  success: z.literal(true),
  deleted_files: count,
  space_freed: count.describe('Bytes.'),
});
export type Deleted = z.output<typeof deletedSchema>;

/** Every error: RFC 9457, with a code of ours and, for a request that does not fit, a row for each field. */
export const problemSchema = z.object({
  type: z.string().describe('urn:tapedeck:problem:CODE'),
  title: z.string().describe('The same for every problem of this code.'),
  status: z.int().min(400).max(599),
  detail: z.string().describe('What was expected and what came, here.'),
  code: errorCodeSchema,
  errors: z
    .array(
      z.object({
        path: z
          .string()
          .describe('Dotted path into the body, or the name of a parameter or header; (body) for the body itself.'),
        message: z.string(),
      }),
    )
    .min(1)
    .optional()
    .describe('With REQUEST_INVALID: one row for each field that does not fit.'),
});
export type Problem = z.output<typeof problemSchema>;

const place = z.int().min(0).describe('Which of the jobs that were sent; 0 is the first.');
const batchResultSchema = z.union([
  z.object({
    index: place,
    status: z.literal([202, 200]).describe('202: a new job. 200: one that is known.'),
    job: acceptedSchema,
  }),
  z.object({
    index: place,
    status: z.int().min(400).max(599),
    problem: problemSchema.describe('As POST /convert would have answered it: paths are those within this job.'),
  }),
]);
export type BatchResult = z.output<typeof batchResultSchema>;

/** `POST /convert/batch`: always 200, whatever became of each. */
export const batchAnswerSchema = z.object({
  accepted: count.describe('How many are 202 or 200.'),
  refused: count.describe('All the others.'),
  results: z.array(batchResultSchema).describe('One for each job, in their order.'),
});
export type BatchAnswer = z.output<typeof batchAnswerSchema>;
