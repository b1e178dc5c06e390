import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

/** Every request has an id, which is in each of its lines and in the answer, and one line in the access log. */
export const requestLog = fp(async (app) => {
  app.addHook('onRequest', async (request, reply) => {
    followRequest(request, reply);
    const jobId = findJobId(request);
    if (jobId !== undefined) nameJob(request, jobId);
  });
});

/** Also for what fails before any route is found. */
export function followRequest(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id);
  // Of a client that hung up, too.
  reply.raw.once('close', () => {
    const { method, url, ip, caller } = request;
    const fields = { method, path: url.split('?')[0], status: reply.statusCode, ip, ...(caller && { caller }) };
    const aborted = !reply.raw.writableFinished;
    const durationMs = Math.round(reply.elapsedTime);
    const log = request.log.child({ log: 'access' });
    log.info({ ...fields, durationMs, ...(aborted && { aborted }) }, aborted ? 'not waited for' : 'answered');
  });
}

/** From now on, the request's lines have the job's id, and the audit trail's, too. */
export function nameJob(request: FastifyRequest, jobId: string): FastifyBaseLogger {
  request.about = jobId;
  return (request.log = request.log.child({ jobId }));
}

/** Bull Board's parameter of that name is an entry of a queue. */
function findJobId({ routeOptions, params }: FastifyRequest): string | undefined {
  if (!/^(\/admin)?\/api\/jobs\/:jobId/.test(routeOptions.url ?? '')) return undefined;
  const { jobId } = params as { jobId: string };
  return jobId;
}
