import { z } from 'zod';
import { buildOvenBody, type CallbackFormat } from './callback-format.ts';
import { errorCodeSchema, type ErrorCode } from './errors.ts';
import { hlsOutputSchema, tapeOutputSchema, type JobOutput } from './job-output.ts';
import type { Phase } from './vocabulary.ts';

/** The part of a job's request that every event of it repeats. */
export interface EventSubject {
  jobId: string;
  mongoId?: string | undefined;
  id?: string | undefined;
  metadata?: Record<string, unknown> | null | undefined;
  /** `standard` where nothing is said. */
  callbackFormat?: CallbackFormat | undefined;
  /** With `oven-complete`: what the tape is called there. */
  code?: string | undefined;
}

export type TerminalOutcome =
  | { status: 'completed'; output: JobOutput }
  | { status: 'failed'; error: { code: ErrorCode; message: string; phase: Phase | null } }
  | { status: 'canceled' };

const TEST_MESSAGE = 'A test from the operators of Tapedeck: no job has ended, and there is nothing to do.';

/** The body of an event that an operator sends to see whether it arrives. Its status is no job's. */
export const testCallbackBodySchema = z.object({
  jobId: z.string().describe('Of the test: no job has this id.'),
  status: z.literal('test'),
  message: z.string().describe('For people.'),
});
type TestCallbackBody = z.output<typeof testCallbackBodySchema>;

/** The body of such an event, byte for byte what is signed and sent. */
export function buildTestCallbackBody(testId: string): string {
  return JSON.stringify({ jobId: testId, status: 'test', message: TEST_MESSAGE } satisfies TestCallbackBody);
}

/** On the wire the outcomes have the names that receivers already know. */
const WIRE_STATUS = { completed: 'complete', failed: 'error', canceled: 'canceled' } as const;

const subjectSchema = z.object({
  mongoId: z.string().optional().describe("The caller's own reference, under the name that the request had for it."),
  id: z.string().optional().describe("The caller's own reference; of a video always there."),
  jobId: z.string(),
  metadata: z.record(z.string(), z.unknown()).nullable().optional().describe('As it came with the request.'),
});

/** The body of a callback, as its receiver may check it. */
export const callbackBodySchema = z.union([
  subjectSchema.extend({ status: z.literal(WIRE_STATUS.completed), ...tapeOutputSchema.shape }),
  subjectSchema.extend({ id: z.string(), status: z.literal(WIRE_STATUS.completed), ...hlsOutputSchema.shape }),
  subjectSchema.extend({
    status: z.literal(WIRE_STATUS.failed),
    error: z.string().describe('For people: what was expected and what came.'),
    code: errorCodeSchema,
  }),
  subjectSchema.extend({ status: z.literal(WIRE_STATUS.canceled) }),
]);

/**
 * The body of a callback, byte for byte what is signed and sent on every try; of `oven-complete`, all but its secret.
 * Keys come in the contract's order; a field without a value is left out rather than null.
 */
export function buildCallbackBody(subject: EventSubject, outcome: TerminalOutcome): string {
  if (subject.callbackFormat === 'oven-complete') return buildOvenBody(subject, outcome);
  const { jobId, mongoId, id, metadata } = subject;
  const status = WIRE_STATUS[outcome.status];
  const outcomeFields =
    outcome.status === 'completed'
      ? outcome.output
      : outcome.status === 'failed'
        ? { error: outcome.error.message, code: outcome.error.code }
        : {};
  return JSON.stringify({ mongoId, id, jobId, status, ...outcomeFields, metadata });
}
