import { z } from 'zod';
import { errorCodeSchema } from './errors.ts';
import { CALLBACK_STATUSES, JOB_KINDS, PHASES, PRIORITIES } from './vocabulary.ts';

const phase = z.enum(PHASES);
const milliseconds = z.number().min(0).describe('Milliseconds.');

/** What FFmpeg, or ffprobe, was told and what it said. */
export const toolRunSchema = z.object({
  tool: z.enum(['ffmpeg', 'ffprobe']),
  phase: phase.nullable(),
  command: z.string().describe('As a shell would take it; file names are relative to the workspace.'),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  timedOut: z.boolean(),
  stalled: z.boolean(),
  durationMs: milliseconds,
  stderr: z.string().describe('The end of it.'),
});
export type ToolRunReport = z.output<typeof toolRunSchema>;

const happeningSchema = z.discriminatedUnion('what', [
  z.object({ what: z.literal('accepted') }),
  z.object({ what: z.literal('attempt'), attempt: z.int(), workerId: z.string() }),
  z.object({ what: z.literal('phase'), attempt: z.int(), phase }),
  z.object({ what: z.literal('tool'), attempt: z.int(), ...toolRunSchema.shape }),
  z.object({
    what: z.literal('attempt-failed'),
    attempt: z.int(),
    code: errorCodeSchema,
    message: z.string(),
    phase: phase.nullable(),
  }),
  z.object({ what: z.literal('handed-back') }),
  z.object({ what: z.literal('cancel-requested') }),
  z.object({ what: z.literal('completed') }),
  z.object({
    what: z.literal('failed'),
    code: errorCodeSchema,
    message: z.string(),
    phase: phase.nullable(),
  }),
  z.object({ what: z.literal('canceled') }),
  z.object({ what: z.literal('retried') }),
  // In the run that it was in already, where only its queue entry was gone.
  z.object({ what: z.literal('put-back'), run: z.int().optional() }),
  z.object({ what: z.literal('priority'), priority: z.enum(PRIORITIES) }),
  z.object({
    what: z.literal('callback'),
    status: z.enum(CALLBACK_STATUSES),
    httpStatus: z.int().nullable().describe('null when there was no answer.'),
    durationMs: milliseconds,
    nextTryInMs: milliseconds.nullable(),
  }),
  z.object({ what: z.literal('callback-resent') }),
]);
/** Something that happened to a job. */
export type Happening = z.output<typeof happeningSchema>;

/** A line of a job's history, which is in the order of its times (Unix time in ms). */
export const historyEntrySchema = z.intersection(z.object({ atMs: z.number() }), happeningSchema);
export type HistoryEntry = Happening & { atMs: number };

/** A line of what happened to any job lately. */
export const activityEntrySchema = z.object({
  atMs: z.number(),
  jobId: z.string(),
  kind: z.enum(JOB_KINDS),
  reference: z.string(),
  slug: z.string(),
  what: z.enum([
    ...(['accepted', 'attempt', 'attempt-failed', 'completed', 'failed', 'canceled', 'retried', 'put-back'] as const),
    ...(['callback-exhausted', 'deleted'] as const),
  ]),
  code: errorCodeSchema.nullable(),
});
export type ActivityEntry = z.output<typeof activityEntrySchema>;
