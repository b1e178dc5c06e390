import type { FastifyRequest } from 'fastify';

/** Asks for something and changes nothing (RFC 9110, 9.2.1). */
export function isRead({ method }: Pick<FastifyRequest, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD';
}
