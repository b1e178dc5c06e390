import rateLimit from '@fastify/rate-limit';
import { JobError } from '@tapedeck/contracts';
import type { Redis } from '@tapedeck/jobs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';

const RATE_LIMIT_PREFIX = 'tapedeck:rate:';

/**
 * Counts in Redis, over all API replicas. With Redis away requests are let through: they cannot be taken anyway, and 503
 * says so better than 429. Not so where a limit is all that keeps somebody from guessing.
 */
export async function countInRedis(app: FastifyInstance, { redis }: { redis: Redis }): Promise<void> {
  await app.register(rateLimit, { global: false, redis, nameSpace: RATE_LIMIT_PREFIX, skipOnError: true });
}

export interface Limit {
  /** What is counted, in the plural. */
  what: string;
  max: number;
  windowMs: number;
  /** Without Redis, nobody passes. */
  failsClosed?: boolean;
  /** Whose count it is. */
  keyOf(request: FastifyRequest): string;
}

/** Counts one more. @throws JobError RATE_LIMITED, with Retry-After, when there were more than `max` in the window. */
export type Limiter = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

export function createLimiter(
  app: FastifyInstance,
  { what, max, windowMs, keyOf, failsClosed = false }: Limit,
): Limiter {
  const count = app.createRateLimit({
    ...{ max, timeWindow: windowMs, skipOnError: !failsClosed },
    keyGenerator: (request) => `${what}:${keyOf(request)}`,
  });
  return async (request, reply) => {
    const result = await count(request).catch((cause: unknown) => {
      throw new JobError('QUEUE_UNAVAILABLE', `${what} cannot be counted now`, { cause });
    });
    if (result.isAllowed) return;
    reply.header('x-ratelimit-limit', max).header('x-ratelimit-remaining', result.remaining);
    reply.header('x-ratelimit-reset', result.ttlInSeconds);
    if (!result.isExceeded) return;
    reply.header('retry-after', result.ttlInSeconds);
    throw new JobError('RATE_LIMITED', `expected at most ${max} ${what}, try again in ${result.ttlInSeconds} s`);
  };
}

const IPV6_NETWORK_WORDS = 4;

/** The network that one customer has: an IPv4 address, or 64 bits of IPv6, whose other 64 cost nobody anything. */
export function networkOf({ ip }: FastifyRequest): string {
  if (!ipaddr.isValid(ip)) return ip;
  const address = ipaddr.process(ip);
  if (address instanceof ipaddr.IPv4) return address.toString();
  return `${address.parts
    .slice(0, IPV6_NETWORK_WORDS)
    .map((word) => word.toString(16))
    .join(':')}::/64`;
}
