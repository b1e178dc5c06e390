import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ERROR_TABLE, JobError, type ErrorCode, type Problem, type RequestIssue } from '@tapedeck/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

/** A request that does not fit: one row for each field that is wrong. */
export class InvalidRequestError extends JobError {
  readonly issues: readonly RequestIssue[];
  constructor(issues: readonly [RequestIssue, ...RequestIssue[]]) {
    super('REQUEST_INVALID', `${issues[0].path}: ${issues[0].message}`);
    this.issues = issues;
  }
}

/** Fastify's own refusals, in our words. */
const FASTIFY_CODES: Partial<Record<string, ErrorCode>> = {
  FST_ERR_BAD_URL: 'NOT_FOUND',
  FST_ERR_MAX_PARAM_LENGTH: 'NOT_FOUND',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'CONTENT_TYPE_UNSUPPORTED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'REQUEST_INVALID',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'REQUEST_INVALID',
  FST_ERR_CTP_INVALID_JSON_BODY: 'REQUEST_INVALID',
};
const CODES_OF_STATUS: Partial<Record<number, ErrorCode>> = {
  400: 'REQUEST_INVALID',
  // A path that leads out of storage.
  403: 'NOT_FOUND',
  404: 'NOT_FOUND',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
  415: 'CONTENT_TYPE_UNSUPPORTED',
  416: 'RANGE_NOT_SATISFIABLE',
  429: 'RATE_LIMITED',
};
/** How long a caller should wait before it tries again what we could not take. */
const RETRY_AFTER_SEC = 5;

/**
 * Every error leaves as application/problem+json (RFC 9457). What we did not throw on purpose becomes INTERNAL_ERROR
 * without a word of it: the log has the rest.
 */
export const problemDetails = fp(async (app) => {
  app.setErrorHandler((error, request, reply) => {
    answerWithProblem(error, request, reply);
  });
});

/** Also for what fails before any route is found. */
export function answerWithProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = reportError(error, request, reply);
  if (problem.httpStatus === 401) reply.header('www-authenticate', 'Bearer');
  // Fastify would hang up, and a reset overtakes the answer while somebody still sends. So the rest is read, and nobody
  // keeps it, until the request's time is over.
  if (problem.code === 'BODY_TOO_LARGE') reply.removeHeader('connection');
  sendProblem(reply, problem);
}

/** What is said of an error, alone or among other results; what is ours is logged, and when to try again announced. */
export function reportError(error: unknown, request: FastifyRequest, reply: FastifyReply): JobError {
  const problem = toJobError(error);
  if (problem.httpStatus >= 500) request.log.error({ err: error }, 'request failed');
  if (problem.httpStatus === 503) reply.header('retry-after', RETRY_AFTER_SEC);
  return problem;
}

const LINGER_MS = 1_000;
const PARSER_CODES: Partial<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
};

/** What Node's parser refuses has no request and no reply yet: the answer is written to the socket itself. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const problem = new JobError(PARSER_CODES[error.code ?? ''] ?? 'REQUEST_INVALID');
  const body = JSON.stringify(buildProblem(problem));
  const head = `HTTP/1.1 ${problem.httpStatus} ${STATUS_CODES[problem.httpStatus]}\r\nconnection: close\r\n`;
  socket.end(
    `${head}content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  // Who does not hang up is not waited for. What he still sends is read, or a reset would overtake the answer.
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function toJobError(error: unknown): JobError {
  if (error instanceof JobError) return error;
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  const known = (typeof code === 'string' && FASTIFY_CODES[code]) || CODES_OF_STATUS[Number(statusCode)];
  // The message of what the client got wrong is the client's to read, but a parser's may quote the body.
  if (known === 'REQUEST_INVALID')
    return new InvalidRequestError([
      { path: '(body)', message: 'expected a JSON object, without __proto__ or constructor.prototype in it' },
    ]);
  return new JobError(known || 'INTERNAL_ERROR', undefined, { cause: error });
}

function sendProblem(reply: FastifyReply, problem: JobError): void {
  // Serialized here: a reply that had begun another content type must not keep its serializer.
  reply
    .code(problem.httpStatus)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send(buildProblem(problem));
}

/** The body of the answer. */
export function buildProblem(problem: JobError): Problem {
  const { code, httpStatus, message } = problem;
  return {
    type: `urn:tapedeck:problem:${code}`,
    title: ERROR_TABLE[code].summary,
    status: httpStatus,
    detail: message,
    code,
    ...(problem instanceof InvalidRequestError && { errors: [...problem.issues] }),
  };
}
