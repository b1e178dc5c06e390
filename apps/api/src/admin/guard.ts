import { JobError } from '@tapedeck/contracts';
import type { Redis } from '@tapedeck/jobs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isRead } from '../plugins/is-read.ts';
import { LOGIN_PATH } from './paths.ts';
import { findOperator, type Operator } from './session.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is signed in, or has just signed in: nobody before the guard has looked, and where it refuses. */
    operator: Operator | undefined;
  }
  interface FastifyContextConfig {
    /** A write that changes nothing of others: a viewer may do it, too. */
    forEveryRole?: boolean;
  }
}

/**
 * What always holds behind it: somebody is signed in, and a write comes from a page of ours and from an admin.
 * @throws JobError UNAUTHORIZED, FORBIDDEN; a browser without a session is sent to the login page
 */
export function createGuard(redis: Redis, publicUrl: string) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const operator = await findOperator(redis, request);
    if (!operator) {
      if (!isNavigation(request)) throw new JobError('UNAUTHORIZED', 'expected a session: sign in at /admin/login');
      return reply.redirect(`${LOGIN_PATH}?to=${encodeURIComponent(request.url)}`);
    }
    request.operator = operator;
    if (isRead(request)) return undefined;
    assertOwnPage(request, publicUrl);
    if (operator.role !== 'admin' && !request.routeOptions.config.forEveryRole) {
      throw new JobError('FORBIDDEN', 'a viewer may look at everything and change nothing');
    }
    return undefined;
  };
}

function isNavigation({ method, headers }: FastifyRequest): boolean {
  return method === 'GET' && (headers.accept ?? '').includes('text/html');
}

/**
 * The cookie comes along with what other sites make a browser send (CSRF). Browsers say from where: in Sec-Fetch-Site
 * (Fetch Metadata) on https and localhost, in Origin everywhere. Who says neither is no page of ours.
 * @throws JobError FORBIDDEN
 */
export function assertOwnPage({ headers }: FastifyRequest, publicUrl: string): void {
  const site = headers['sec-fetch-site'];
  if (site === 'same-origin') return;
  const origin = URL.parse(headers.origin ?? '');
  const isOurs = origin !== null && (origin.origin === new URL(publicUrl).origin || origin.host === headers.host);
  if (site === undefined && isOurs) return;
  throw new JobError('FORBIDDEN', 'expected a request from one of our own pages');
}
