import { z } from 'zod';
import { errorCodeSchema } from './errors.ts';
import { parseInput, type RequestIssue, type RequestIssues } from './request-issue.ts';
import { JOB_KINDS, JOB_STATUSES } from './vocabulary.ts';

const ANY_STATUS = `(?:${JOB_STATUSES.join('|')})`;

const statusList = z
  .string()
  .regex(
    new RegExp(`^${ANY_STATUS}(?:,${ANY_STATUS})*$`),
    `expected one or more of ${JOB_STATUSES.join(', ')}, with commas between`,
  )
  .transform((list) => [...new Set(list.split(','))])
  .pipe(z.array(z.enum(JOB_STATUSES)));

const time = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], {
    error: 'expected a date, or a date with time and zone: 2026-02-01 or 2026-02-01T12:00:00Z',
  })
  .transform((text) => new Date(text));

/** A number in a query. Digits only: z.coerce takes '', ' 1', '1e3' and '0x10' for numbers, too. */
export function wholeNumber(min: number, max: number, fallback: number) {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z
    .preprocess(
      (text) => (typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text),
      z.int(expected).min(min, expected).max(max, expected),
    )
    .default(fallback);
}

/** Nobody turns that many pages. */
const MAX_OFFSET = 1_000_000_000;

/** The query of `GET /api/jobs`. */
export const jobQuerySchema = z.object({
  status: statusList.optional().describe('One status, or several with commas between.'),
  kind: z.enum(JOB_KINDS).optional().describe('tape makes an MP4, hls a stream.'),
  code: errorCodeSchema
    .optional()
    .describe('Jobs that failed with this code (docs/errors.md); none where status leaves the failed ones out.'),
  q: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('What the reference or the slug begins with, in whatever case of a to z.'),
  from: time
    .optional()
    .describe(
      'Jobs of this time or later: of their creation, or, with sort=finishedAt, of their end. A date alone means 00:00 UTC.',
    ),
  to: time.optional().describe('Jobs of before this time; see from.'),
  sort: z.enum(['createdAt', 'finishedAt']).default('createdAt').describe('By which time they are in order.'),
  order: z.enum(['desc', 'asc']).default('desc').describe('desc: the newest first.'),
  limit: wholeNumber(1, 100, 20).describe('How many jobs at most.'),
  offset: wholeNumber(0, MAX_OFFSET, 0).describe('How many jobs to leave out from the beginning.'),
});
export type JobQuery = z.output<typeof jobQuerySchema>;

export type ParsedJobQuery = { ok: true; query: JobQuery } | { ok: false; issues: RequestIssues };

/**
 * The query of `GET /api/jobs`, checked and with its defaults filled in. Never throws: what does not fit comes back as a
 * list of parameters and messages.
 * @param query its parameters as text; one that was repeated as a list. An empty one, as a form sends it, is none
 */
export function parseJobQuery(query: Readonly<Record<string, unknown>>): ParsedJobQuery {
  const [first, ...rest] = [...findUnknown(query), ...findRepeated(query)];
  if (first) return { ok: false, issues: [first, ...rest] };
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
  const parsed = parseInput(jobQuerySchema, given);
  return parsed.ok ? { ok: true, query: parsed.value } : parsed;
}

const KNOWN = Object.keys(jobQuerySchema.shape);

function findUnknown(query: object): RequestIssue[] {
  const message = `expected only ${KNOWN.join(', ')}`;
  return Object.keys(query).flatMap((path) => (KNOWN.includes(path) ? [] : [{ path, message }]));
}

function findRepeated(query: object): RequestIssue[] {
  return Object.entries(query).flatMap(([path, value]: [string, unknown]) =>
    Array.isArray(value) ? [{ path, message: `expected it once, got it ${value.length} times` }] : [],
  );
}
