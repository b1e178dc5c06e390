import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { z } from 'zod';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What somebody does by hand who asks for this route: each time is a line in the audit log. */
    audit?: AuditAction;
  }
  interface FastifyRequest {
    /** Whom a provider has vouched for, let in or not. */
    claimant: string | undefined;
  }
}

export type AuditAction =
  | 'login'
  | 'logout'
  | 'queue.pause'
  | 'queue.resume'
  | 'queue.promote'
  | 'job.cancel'
  | 'job.retry'
  | 'job.callback'
  | 'job.delete'
  | 'job.compress'
  | 'job.reconvert'
  | 'job.priority'
  | 'jobs.bulk'
  | 'jobs.export'
  | 'cleanup.run';

/**
 * Who did what, to which job, and whether it was done. Written before anybody is answered, so that nobody leaves no line
 * by hanging up, and whatever LOG_LEVEL says.
 */
export const auditLog = fp(async (app) => {
  app.addHook('onSend', async (request, reply) => {
    const action = request.routeOptions.config?.audit;
    if (!action) return;
    const { ip, params } = request;
    const answer = { outcome: judge(reply), status: reply.statusCode };
    const log = request.log.child({ log: 'audit' }, { level: 'info' });
    log.info({ action, ...identify(request), ...answer, ip, ...pickEntry(params) }, 'by hand');
  });
});

/** A key may have a person's name: who somebody is also depends on how we know it. */
function identify({ caller, operator, claimant }: FastifyRequest): {
  who: string | null;
  via: 'key' | 'session' | 'login';
} {
  if (caller) return { who: caller, via: 'key' };
  return operator ? { who: operator.name, via: 'session' } : { who: claimant ?? null, via: 'login' };
}

function judge({ statusCode }: FastifyReply): 'done' | 'refused' | 'failed' {
  if (statusCode < 400) return 'done';
  return statusCode < 500 ? 'refused' : 'failed';
}

const entrySchema = z.object({ queueName: z.string(), jobId: z.string().optional() });

/** Of Bull Board's routes, which name entries by what BullMQ calls a job's id. */
function pickEntry(params: unknown): { queue?: string; entryId?: string | undefined } {
  const { data } = entrySchema.safeParse(params);
  return data ? { queue: data.queueName, entryId: data.jobId } : {};
}
