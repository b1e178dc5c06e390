import { z } from 'zod';
import { jobViewSchema } from './job-view.ts';
import { parseInput, type ParsedInput } from './request-issue.ts';
import { PRIORITIES } from './vocabulary.ts';

/** `POST /api/compress/:wp_post_id`. What else its callers have always sent is nothing to us. */
export const compressRequestSchema = z.object({ priority: z.enum(PRIORITIES).default('normal') });
export type CompressRequest = z.output<typeof compressRequestSchema>;

/** The body of `POST /api/compress/:wp_post_id`; none at all means every default. Never throws. */
export function parseCompressRequest(body: unknown): ParsedInput<CompressRequest> {
  return parseInput(compressRequestSchema, body ?? {});
}

/** The job, and its place under the name that the callers of these routes read. */
export const compressAnswerSchema = jobViewSchema.extend({
  position_in_queue: jobViewSchema.shape.positionInQueue,
});
export type CompressAnswer = z.output<typeof compressAnswerSchema>;
