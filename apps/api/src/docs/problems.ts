import { ERROR_TABLE, JobError, type ErrorCode } from '@tapedeck/contracts';
import { buildProblem, InvalidRequestError } from '../plugins/problem-details.ts';
import type { Example, Header, Reference, Response } from './openapi.ts';
import { refTo } from './schemas.ts';

const header = (name: string): Reference => ({ $ref: `#/components/headers/${name}` });

/** `components.headers` */
export const HEADERS: Record<string, Header> = {
  'Retry-After': { description: 'Seconds to wait before the next try.', schema: { type: 'integer', minimum: 0 } },
  'X-RateLimit-Limit': { description: 'How many requests the window has.', schema: { type: 'integer', minimum: 0 } },
  'X-RateLimit-Remaining': { description: 'How many of them are left.', schema: { type: 'integer', minimum: 0 } },
  'X-RateLimit-Reset': {
    description: 'Seconds until the window begins anew.',
    schema: { type: 'integer', minimum: 0 },
  },
  'WWW-Authenticate': { description: 'Says: Bearer.', schema: { type: 'string' } },
};

/** On every answer to what counts as a write. */
export const RATE_LIMIT_HEADERS = Object.fromEntries(
  ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'].map((name) => [name, header(name)]),
);

const HEADERS_OF_STATUS: Partial<Record<string, Record<string, Reference>>> = {
  401: { 'WWW-Authenticate': header('WWW-Authenticate') },
  429: { 'Retry-After': header('Retry-After'), ...RATE_LIMIT_HEADERS },
  503: { 'Retry-After': header('Retry-After') },
};

/** What anybody may meet who asks with a token. */
const WITH_TOKEN = ['UNAUTHORIZED', 'RATE_LIMITED', 'INTERNAL_ERROR', 'QUEUE_UNAVAILABLE'] as const;
/** And who sends a body. */
export const OF_BODY = ['REQUEST_INVALID', 'REQUEST_TIMEOUT', 'BODY_TOO_LARGE', 'CONTENT_TYPE_UNSUPPORTED'] as const;

export function buildProblemsWithToken(...codes: ErrorCode[]): Record<string, Response> {
  return buildProblems(...codes, ...WITH_TOKEN);
}

/** One answer for each status, with an example for each code. */
export function buildProblems(...codes: ErrorCode[]): Record<string, Response> {
  const byStatus = Object.groupBy(codes, (code) => ERROR_TABLE[code].httpStatus);
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, ofStatus = []]) => [
      status,
      {
        description: ofStatus.map((code) => `\`${code}\`: ${ERROR_TABLE[code].summary}.`).join(' '),
        headers: HEADERS_OF_STATUS[status],
        content: {
          'application/problem+json': {
            schema: refTo('Problem'),
            examples: Object.fromEntries(ofStatus.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
          },
        },
      },
    ]),
  );
}

/** `components.examples`: for each code that an answer may have, what is answered. */
export function buildProblemExamples(): Record<string, Example> {
  const errors = [
    new InvalidRequestError([
      { path: 'zipUrl', message: 'expected exactly one of zipUrl and videoUrl, got neither' },
      { path: 'slug', message: 'expected string, received undefined' },
    ]),
    new JobError('UNAUTHORIZED', 'the token is not known'),
    new JobError('BUCKET_NOT_ALLOWED', 'bucket media is not in ALLOWED_BUCKETS'),
    new JobError('NOT_FOUND', 'no job has this id'),
    new JobError('REQUEST_TIMEOUT'),
    new JobError('IDEMPOTENCY_CONFLICT', 'expected the body that made tape_01k7s2m4e8, or another Idempotency-Key'),
    new JobError('JOB_STATE_CONFLICT', 'expected a job that has ended, and it is processing'),
    new JobError('BODY_TOO_LARGE'),
    new JobError('CONTENT_TYPE_UNSUPPORTED'),
    new JobError('RANGE_NOT_SATISFIABLE'),
    new JobError('SOURCE_URL_REFUSED', 'expected https:, got http:'),
    new JobError('CALLBACK_URL_REFUSED', 'expected https:, got http:'),
    new JobError('UPLOAD_URL_REFUSED', 'expected https:, got http:'),
    new JobError('STORAGE_KEY_REFUSED'),
    new JobError('STORAGE_UNAVAILABLE'),
    new JobError('RATE_LIMITED', 'expected at most 100 writes, try again in 840 s'),
    new JobError('INTERNAL_ERROR'),
    new JobError('QUEUE_UNAVAILABLE', 'send the same again; with an Idempotency-Key one job comes of both'),
  ];
  return Object.fromEntries(errors.map((error) => [error.code, { value: buildProblem(error) }]));
}
