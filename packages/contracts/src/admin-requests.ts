import { z } from 'zod';
import { wholeNumber } from './job-query.ts';
import { PRIORITIES } from './vocabulary.ts';

const priority = z.enum(PRIORITIES);
const MAX_SELECTED = 1_000;

export const BULK_ACTIONS = ['retry', 'cancel', 'delete', 'reconvert', 'callback', 'priority'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** One that was left empty must not mean all jobs. */
const parameter = z.string().min(1).optional();

/** `POST /admin/api/bulk`: the same to many jobs, selected one by one or by what the list's query takes. */
export const bulkRequestSchema = z
  .strictObject({
    action: z.enum(BULK_ACTIONS),
    jobIds: z.array(z.string().min(1).max(100)).min(1).max(MAX_SELECTED).optional(),
    filter: z
      .strictObject({
        status: parameter,
        kind: parameter,
        code: parameter,
        q: parameter,
        from: parameter,
        to: parameter,
      })
      .optional()
      .describe('Parameters of GET /api/jobs, as text; an empty object for all jobs.'),
    dryRun: z.boolean().default(false),
    deleteFiles: z.boolean().default(false).describe('For delete: the results, too.'),
    priority: priority.optional().describe('For priority.'),
  })
  .refine(({ jobIds, filter }) => (jobIds === undefined) !== (filter === undefined), {
    path: ['jobIds'],
    error: 'expected either jobIds or filter',
  })
  .refine((request) => (request.action === 'priority') === (request.priority !== undefined), {
    path: ['priority'],
    error: 'expected with the action priority, and with no other',
  });
export type BulkRequest = z.output<typeof bulkRequestSchema>;

/** `POST /admin/api/jobs/:jobId/priority` */
export const priorityRequestSchema = z.strictObject({ priority });

export const CLEANUPS = ['segments', 'results', 'records', 'stuck'] as const;
export type CleanupName = (typeof CLEANUPS)[number];

/** `POST /admin/api/cleanup` */
export const cleanupRequestSchema = z.strictObject({
  dryRun: z.boolean().default(true),
  only: z
    .array(z.enum(CLEANUPS))
    .min(1)
    .default([...CLEANUPS]),
});

const MAX_URL_CHARS = 2_048;

/** `POST /admin/api/test-callback` */
export const testCallbackRequestSchema = z.strictObject({ callbackUrl: z.string().min(1).max(MAX_URL_CHARS) });

/** A week. */
const MAX_HOURS = 168;

/** The query of `GET /admin/api/charts` */
export const chartsQuerySchema = z.strictObject({ hours: wholeNumber(1, MAX_HOURS, 48) });

/** The query of `GET /admin/api/activity` */
export const activityQuerySchema = z.strictObject({ limit: wholeNumber(1, 500, 100) });

/** The query of `GET /admin/api/audit`: the page before the entry that `next` has named. */
export const auditQuerySchema = z.strictObject({
  limit: wholeNumber(1, 200, 50),
  before: z
    .string()
    .regex(/^(?!0+-0+$)\d{1,15}-\d{1,15}$/, 'expected the next of another page')
    .optional(),
});
