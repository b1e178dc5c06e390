import helmet from '@fastify/helmet';
import type { Backend } from '@tapedeck/jobs';
import { stripUrlQueries, type Logger } from '@tapedeck/runtime';
import type { ObjectStore } from '@tapedeck/transfer';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { ApiConfig } from './config.ts';
import { createAuthenticator } from './plugins/authenticate.ts';
import { answerClientError, answerWithProblem, problemDetails } from './plugins/problem-details.ts';
import { rateLimitWrites } from './plugins/rate-limit.ts';
import { convertRoute } from './routes/convert.ts';
import { acceptEmptyBodies } from './plugins/empty-bodies.ts';
import { deleteRoute } from './routes/delete-job.ts';
import { healthRoutes } from './routes/health.ts';
import { jobRoutes } from './routes/jobs.ts';
import { steerRoutes } from './routes/steer-jobs.ts';
import { storageRoutes } from './routes/storage.ts';

/** Its Redis fails fast: an answer must not wait for one that is away. */
export interface AppDependencies extends Backend {
  config: ApiConfig;
  store: ObjectStore;
  logger: Logger;
}

/** A request is a few URLs and some metadata. */
const MAX_BODY_BYTES = 256 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 72_000;

/** The HTTP side, assembled. Listening is main's business; tests inject. */
export async function createApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const { config, logger } = dependencies;
  // As Fastify's own logger type: the instance's type would otherwise carry pino's through every plugin.
  const loggerInstance: FastifyBaseLogger = logger;
  const app = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Node looks for late requests only this often, and only within a header time that is not longer.
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 2_000,
    },
    frameworkErrors: answerWithProblem,
    clientErrorHandler: answerClientError,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: 512 },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
  });
  app.addHook('onResponse', async (request, reply) => {
    const { method, url, id: requestId } = request;
    const durationMs = Math.round(reply.elapsedTime);
    request.log.info(
      { requestId, method, url: stripUrlQueries(url), status: reply.statusCode, durationMs },
      'answered',
    );
  });
  app.removeContentTypeParser('text/plain');
  await app.register(problemDetails);
  await app.register(helmet, { crossOriginResourcePolicy: { policy: 'cross-origin' } });
  await app.register(healthRoutes, dependencies);
  if (config.storage.driver === 'local') await app.register(storageRoutes, config.storage);
  await app.register(async (scope) => {
    scope.addHook('onRequest', createAuthenticator(config.API_KEYS, config.MP4_SERVICE_TOKEN));
    acceptEmptyBodies(scope);
    await rateLimitWrites(scope, dependencies);
    await scope.register(convertRoute, dependencies);
    await scope.register(jobRoutes, dependencies);
    await scope.register(steerRoutes, dependencies);
    await scope.register(deleteRoute, dependencies);
  });
  return app;
}
