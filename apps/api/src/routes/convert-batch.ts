import { JobError, parseConvertBatch, type BatchAnswer, type BatchResult } from '@tapedeck/contracts';
import type { Queues } from '@tapedeck/jobs';
import { inLanes } from '@tapedeck/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { acceptConversion, requireConvertRequest, type ConvertOptions } from '../accept-conversion.ts';
import { requireValid } from '../job-access.ts';
import { buildProblem, reportError } from '../plugins/problem-details.ts';
import type { Limiter } from '../plugins/rate-limit.ts';
import { parseIdempotency } from './idempotency.ts';

export interface ConvertBatchOptions extends ConvertOptions {
  limitWrites: Limiter;
  /** Of one job, as `POST /convert` takes it. */
  maxJobBytes: number;
}

const MAX_BODY_BYTES = 4 * 1024 ** 2;
/** Functions give up after ten seconds. What has not begun by then is for the next batch. */
const BEGIN_TIMEOUT_MS = 7_000;
/** What holds for the jobs behind it, too. */
const FOR_THE_REST: readonly number[] = [429, 503];

/**
 * `POST /convert/batch`: each job as `POST /convert` takes it, accepted or refused by itself, in the queue in the order
 * of the list. Several at a time, because the journal takes them together. Each counts as a write, so a batch that is
 * larger than what is left of the limit is taken as far as that goes. Once Redis or the store is away, nobody waits for
 * the same of each job.
 */
export async function convertBatchRoute(app: FastifyInstance, options: ConvertBatchOptions): Promise<void> {
  app.post('/convert/batch', { bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
    const { jobs } = requireValid(parseConvertBatch(request.body)).value;
    const accept = createAcceptor(options, request, reply);
    const pending = jobs.map((job, index) => ({ job, index }));
    const results: BatchResult[] = [];
    await inLanes(pending, async ({ job, index }) => {
      results[index] = await accept(job, index);
    });
    return summarize(request, results);
  });
}

function summarize(request: FastifyRequest, results: BatchResult[]): BatchAnswer {
  const accepted = results.filter((result) => 'job' in result).length;
  const refused = results.length - accepted;
  request.log.info({ accepted, refused, caller: request.caller }, 'batch submitted');
  return { accepted, refused, results };
}

type Acceptor = (job: unknown, index: number) => Promise<BatchResult>;

/** To be called in the order of the list. It never throws. */
function createAcceptor(options: ConvertBatchOptions, request: FastifyRequest, reply: FastifyReply): Acceptor {
  const sender = { caller: request.caller, ...parseIdempotency(request.headers), isKeyOfMany: true };
  const beginUntilMs = performance.now() + BEGIN_TIMEOUT_MS;
  let last: Promise<unknown> = Promise.resolve();
  let ofTheRest: JobError | undefined;
  const attempt = async (job: unknown, index: number, queues: Queues): Promise<BatchResult> => {
    if (ofTheRest) return describeRefusal(ofTheRest, index);
    if (performance.now() > beginUntilMs) throw new JobError('QUEUE_UNAVAILABLE', 'the jobs before it took too long');
    // The request itself has counted for the first.
    if (index > 0) await options.limitWrites(request, reply);
    const convertRequest = requireConvertRequest(options, request.caller, job);
    assertSize(job, options.maxJobBytes);
    const nameJob = (jobId: string) => request.log.child({ jobId });
    return { index, ...(await acceptConversion({ ...options, queues }, convertRequest, { ...sender, nameJob })) };
  };
  const refuse = (error: unknown, index: number): BatchResult => {
    const problem = reportError(error, request, reply);
    if (FOR_THE_REST.includes(problem.httpStatus)) ofTheRest ??= problem;
    return describeRefusal(problem, index);
  };
  return (job, index) => {
    const result = attempt(job, index, addAfter(options.queues, last)).catch((error: unknown) => refuse(error, index));
    last = result;
    return result;
  };
}

function describeRefusal(problem: JobError, index: number): BatchResult {
  return { index, status: problem.httpStatus, problem: buildProblem(problem) };
}

/** A conversion is added when `before` is over: those that are submitted at the same time keep their order. */
function addAfter(queues: Queues, before: Promise<unknown>): Queues {
  return {
    ...queues,
    async addConversion(...conversion) {
      await before;
      await queues.addConversion(...conversion);
    },
  };
}

/** @throws JobError BODY_TOO_LARGE */
function assertSize(job: unknown, maxBytes: number): void {
  const sizeBytes = Buffer.byteLength(JSON.stringify(job));
  if (sizeBytes <= maxBytes) return;
  throw new JobError('BODY_TOO_LARGE', `expected at most ${maxBytes} bytes for one job, got ${sizeBytes}`);
}
