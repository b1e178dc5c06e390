import { JobError } from '@tapedeck/contracts';
import type { FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import fp from 'fastify-plugin';
import createRouter from 'find-my-way';
import { answerWithProblem } from './problem-details.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies HTTPMethods[];

/**
 * What no route takes: a path that is there is answered with the methods that it takes (RFC 9110, 15.5.6 and 9.3.7),
 * any other with 404. Fastify's own router cannot be asked for a path, so its routes are kept in a second one.
 */
export const answerOtherMethods = fp(async (app) => {
  const router = createRouter({ maxParamLength: 512 });
  app.addHook('onRoute', ({ method, url }) => {
    const taken = METHODS.filter((known) => [method].flat().includes(known) && !router.hasRoute(known, url));
    for (const known of taken) router.on(known, url, () => undefined);
  });
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?');
    const allowed = METHODS.filter((method) => router.find(method, path) !== null);
    // A route may find that it has nothing there.
    const isNothing = allowed.length === 0 || allowed.some((method) => method === request.method);
    if (isNothing) return answerWithProblem(new JobError('NOT_FOUND'), request, reply);
    return answerMethod(request, reply.header('allow', [...allowed, 'OPTIONS'].join(', ')), allowed);
  });
});

function answerMethod(request: FastifyRequest, reply: FastifyReply, allowed: readonly string[]): void {
  if (request.method === 'OPTIONS') return void reply.code(204).send();
  const message = `expected ${allowed.join(' or ')}, got ${request.method}`;
  answerWithProblem(new JobError('METHOD_NOT_ALLOWED', message), request, reply);
}
