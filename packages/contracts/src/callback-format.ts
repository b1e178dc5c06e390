import { z } from 'zod';
import type { EventSubject, TerminalOutcome } from './callback-event.ts';
import { isTapeOutput } from './job-output.ts';

/** `oven-complete` is the body of a receiver that was there before us. It is for tapes alone. */
const CALLBACK_FORMATS = ['standard', 'oven-complete'] as const;
export const callbackFormatSchema = z.enum(CALLBACK_FORMATS);
export type CallbackFormat = z.output<typeof callbackFormatSchema>;

const ovenSubjectSchema = z.object({
  mongoId: z.string(),
  code: z.string().describe('What the tape is called there, as the request had it.'),
  jobId: z.string(),
  metadata: z.record(z.string(), z.unknown()).nullable().optional().describe('As it came with the request.'),
  secret: z.string().describe('OVEN_CALLBACK_SECRET.'),
});

/** What the receiver of `oven-complete` is sent: it knows a result by `mp4Url`, and any other end by `error`. */
export const ovenCallbackBodySchema = z.discriminatedUnion('status', [
  ovenSubjectSchema.extend({
    status: z.literal('complete'),
    mp4Url: z.string(),
    thumbnailUrl: z.string().optional().describe('The poster; absent when the request wanted none.'),
    duration: z.number().describe('Seconds.'),
    size: z.number().describe('Bytes of the MP4.'),
    resolution: z.array(z.number()).length(2).describe('[width, height] in pixels.'),
  }),
  ovenSubjectSchema.extend({
    status: z.literal('error'),
    error: z.string(),
    errorCode: z.string().describe('The code of docs/errors.md: `code` is taken.'),
  }),
  ovenSubjectSchema.extend({ status: z.literal('canceled'), error: z.string() }),
]);

/** Everything but the secret, which is kept nowhere: see addCallbackSecret. */
export function buildOvenBody(subject: EventSubject, outcome: TerminalOutcome): string {
  const { jobId, mongoId, id, code, metadata } = subject;
  return JSON.stringify({ mongoId: mongoId ?? id, code, jobId, ...describeOutcome(outcome), metadata });
}

function describeOutcome(outcome: TerminalOutcome): Record<string, unknown> {
  if (outcome.status === 'failed') {
    return { status: 'error', error: outcome.error.message, errorCode: outcome.error.code };
  }
  if (outcome.status === 'canceled') return { status: 'canceled', error: 'The conversion was canceled' };
  const { output } = outcome;
  if (!isTapeOutput(output)) throw new TypeError('expected the output of a tape');
  const { mp4Url, posterUrl: thumbnailUrl, duration, size, resolution } = output;
  return { status: 'complete', mp4Url, thumbnailUrl, duration, size, resolution };
}

/**
 * The body as it goes over the wire. Only a worker that sends has the secret: what lies in Redis and in the journal has
 * none. It is written behind what is there, so that all other bytes stay as they were stored.
 */
export function addCallbackSecret(body: string, secret: string): string {
  return `${body.slice(0, -1)},"secret":${JSON.stringify(secret)}}`;
}
