import rateLimit from '@fastify/rate-limit';
import { JobError } from '@tapedeck/contracts';
import type { Redis } from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';
import type { ApiConfig } from '../config.ts';

const RATE_LIMIT_PREFIX = 'tapedeck:rate:';

/**
 * Writes per key, counted in Redis over all API replicas. Routes ask for it with `config: { rateLimit: {} }`.
 * With Redis away it lets requests through: they cannot be taken anyway, and 503 says so better than 429.
 */
export async function rateLimitWrites(
  scope: FastifyInstance,
  { redis, config }: { redis: Redis; config: ApiConfig },
): Promise<void> {
  await scope.register(rateLimit, {
    global: false,
    // After authentication: the key is the caller, not an address that many share.
    hook: 'preHandler',
    keyGenerator: (request) => request.caller,
    max: config.RATE_LIMIT_MAX,
    timeWindow: config.RATE_LIMIT_WINDOW_MS,
    redis,
    nameSpace: RATE_LIMIT_PREFIX,
    skipOnError: true,
    errorResponseBuilder: (_request, { max, after }) =>
      new JobError('RATE_LIMITED', `expected at most ${max} writes, try again in ${after}`),
  });
}
