import type { FastifyInstance } from 'fastify';
import { acceptConversion, requireConvertRequest, type ConvertOptions } from '../accept-conversion.ts';
import { nameJob } from '../plugins/request-log.ts';
import { parseIdempotency } from './idempotency.ts';

/** `POST /convert`: a 202 is a promise, so it is answered when the job is in the journal and in the queue, and not before. */
export async function convertRoute(app: FastifyInstance, options: ConvertOptions): Promise<void> {
  app.post('/convert', async (request, reply) => {
    const { caller } = request;
    const convertRequest = requireConvertRequest(options, caller, request.body);
    const { status, job } = await acceptConversion(options, convertRequest, {
      caller,
      ...parseIdempotency(request.headers),
      nameJob: (jobId) => nameJob(request, jobId),
    });
    return reply.code(status).header('location', `/api/jobs/${job.jobId}`).send(job);
  });
}
