import type { AuditLine } from '@tapedeck/jobs';
import { withDeadline } from '@tapedeck/runtime';
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
    /** What it is about, for the audit trail, where its path does not say so: a job, or what is done to many. */
    about: string | undefined;
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
  | 'worker.pause'
  | 'worker.resume'
  | 'callback.test'
  | 'cleanup.run';

export interface AuditOptions {
  /** Puts a line where operators can read it, beside the log. */
  keep: (line: AuditLine) => Promise<void>;
  /** Hears of a line that is in the log alone. */
  onUnkept: (error: Error) => void;
}

/** Somebody waits for an answer. */
const KEEP_TIMEOUT_MS = 500;

/**
 * Who did what, to which job, and whether it was done. Written before anybody is answered, so that nobody leaves no line
 * by hanging up, and whatever LOG_LEVEL says. The log has every line; `keep` may fail, and nobody's request with it.
 */
export const auditLog = fp<AuditOptions>(async (app, { keep, onUnkept }) => {
  app.addHook('onSend', async (request, reply) => {
    const action = request.routeOptions.config?.audit;
    if (!action) return;
    const { ip, params } = request;
    const about = findSubject(request);
    const line = { action, ...identify(request), outcome: judge(reply), status: reply.statusCode, ip };
    const log = request.log.child({ log: 'audit' }, { level: 'info' });
    log.info({ ...line, ...(about && { about }), ...pickEntry(params) }, 'by hand');
    if (!isForTrail(line)) return;
    await withDeadline(keep({ ...line, about }), KEEP_TIMEOUT_MS, 'keeping a line of the audit trail').catch(onUnkept);
  });
});

/** What strangers try is in the log alone: else they could fill the trail until nothing else is in it. */
function isForTrail({ who, action, status }: Pick<AuditLine, 'who' | 'action' | 'status'>): boolean {
  return who !== null || (action === 'login' && status !== 429);
}

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

const subjectSchema = z
  .object({ queueName: z.string(), name: z.string(), workerId: z.string(), jobId: z.string() })
  .partial();

/** In Bull Board's paths an entry of a queue goes by `jobId`. */
function findSubject({ about, params }: FastifyRequest): string {
  const { queueName, name, workerId, jobId } = subjectSchema.safeParse(params).data ?? {};
  return about ?? queueName ?? name ?? workerId ?? jobId ?? '';
}
