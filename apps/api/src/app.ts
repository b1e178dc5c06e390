import { randomUUID } from 'node:crypto';
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import { appendAudit, type Backend, type JobWatcher } from '@tapedeck/jobs';
import { createThrottledErrorLog, type Logger } from '@tapedeck/runtime';
import type { ObjectStore } from '@tapedeck/transfer';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { ApiConfig } from './config.ts';
import { createJobAccess } from './job-access.ts';
import { adminPages } from './admin/admin.ts';
import { metricsRoute } from './metrics/metrics-route.ts';
import { auditLog } from './plugins/audit.ts';
import { createAuthenticator } from './plugins/authenticate.ts';
import { isRead } from './plugins/is-read.ts';
import { docsRoutes } from './docs/docs.ts';
import { answerOtherMethods } from './plugins/other-methods.ts';
import { answerClientError, answerWithProblem, problemDetails } from './plugins/problem-details.ts';
import { countInRedis, createLimiter, networkOf, type Limiter } from './plugins/rate-limit.ts';
import { followRequest, requestLog } from './plugins/request-log.ts';
import { convertBatchRoute } from './routes/convert-batch.ts';
import { convertRoute } from './routes/convert.ts';
import { acceptEmptyBodies } from './plugins/empty-bodies.ts';
import { deleteRoute } from './routes/delete-job.ts';
import { healthRoutes } from './routes/health.ts';
import { jobEventRoute } from './routes/job-events.ts';
import { jobRoutes } from './routes/jobs.ts';
import { postRoutes } from './routes/posts.ts';
import { steerRoutes } from './routes/steer-jobs.ts';
import { storageRoutes } from './routes/storage.ts';

/** Its Redis fails fast: an answer must not wait for one that is away. */
export interface AppDependencies extends Backend {
  config: ApiConfig;
  store: ObjectStore;
  watcher: JobWatcher;
  logger: Logger;
}

/** A request is a few URLs and some metadata. */
const MAX_BODY_BYTES = 256 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 72_000;

/** Only the pages below /admin are ever shown, and they need nothing from elsewhere and nothing inline. */
const HEADERS: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      ...{ scriptSrc: ["'self'"], styleSrc: ["'self'"], imgSrc: ["'self'", 'data:'], fontSrc: ["'self'"] },
      // The player of /admin feeds its video itself (Media Source Extensions), which is then at a blob: URL.
      mediaSrc: ["'self'", 'blob:'],
      ...{ connectSrc: ["'self'"], baseUri: ["'self'"], formAction: ["'self'"], frameAncestors: ["'none'"] },
    },
  },
  // Results in local storage are shown by players on other pages.
  crossOriginResourcePolicy: { policy: 'cross-origin' },
  xFrameOptions: { action: 'deny' },
  referrerPolicy: { policy: 'no-referrer' },
};

/** The HTTP side, assembled. Listening is main's business; tests inject. */
export async function createApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const { config, logger } = dependencies;
  // As Fastify's own logger type: the instance's type would otherwise carry pino's through every plugin.
  const loggerInstance: FastifyBaseLogger = logger;
  const app = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: () => randomUUID(),
    bodyLimit: MAX_BODY_BYTES,
    ...(config.TRUST_PROXY.length > 0 && { trustProxy: config.TRUST_PROXY }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Node looks for late requests only this often, and only within a header time that is not longer.
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 2_000,
    },
    frameworkErrors: (error, request, reply) => {
      followRequest(request, reply);
      answerWithProblem(error, request, reply);
    },
    clientErrorHandler: answerClientError,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: 512 },
    return503OnClosing: true,
    forceCloseConnections: 'idle',
  });
  app.removeContentTypeParser('text/plain');
  await app.register(requestLog);
  await app.register(auditLog, {
    keep: (line) => appendAudit(dependencies.redis, line),
    onUnkept: createThrottledErrorLog(logger, 'a line of the audit trail is in the log alone'),
  });
  await app.register(problemDetails);
  await app.register(answerOtherMethods);
  await app.register(helmet, HEADERS);
  await countInRedis(app, dependencies);
  await app.register(healthRoutes, dependencies);
  await app.register(metricsRoute, dependencies);
  if (config.storage.driver === 'local') await app.register(storageRoutes, config.storage);
  const { publicUrl, storage } = config;
  await app.register(docsRoutes, { publicUrl, servesStorage: storage.driver === 'local' });
  const withAccess = createJobAccess(dependencies);
  if (config.access) await app.register(adminPages, { ...withAccess, access: config.access });
  await app.register(async (scope) => {
    scope.addHook('onRequest', createAuthenticator(buildAuthenticatorOptions(scope, config)));
    // Before the body is read: one that does not fit counts, too.
    const limitWrites = createWriteLimit(scope, config);
    scope.addHook('onRequest', limitWrites);
    acceptEmptyBodies(scope);
    await scope.register(convertRoute, dependencies);
    await scope.register(convertBatchRoute, { ...dependencies, limitWrites, maxJobBytes: MAX_BODY_BYTES });
    await scope.register(jobRoutes, withAccess);
    await scope.register(jobEventRoute, withAccess);
    await scope.register(steerRoutes, withAccess);
    await scope.register(deleteRoute, withAccess);
    await scope.register(postRoutes, withAccess);
  });
  return app;
}

function buildAuthenticatorOptions(app: FastifyInstance, config: ApiConfig) {
  const limitFailures = createLimiter(app, {
    what: 'tries without a valid token',
    keyOf: networkOf,
    max: config.AUTH_FAILURES_MAX,
    windowMs: config.AUTH_FAILURES_WINDOW_MS,
  });
  return { apiKeys: config.API_KEYS, serviceToken: config.MP4_SERVICE_TOKEN, limitFailures };
}

function createWriteLimit(app: FastifyInstance, config: ApiConfig): Limiter {
  const limitWrites = createLimiter(app, {
    what: 'writes',
    keyOf: ({ caller }) => caller,
    max: config.RATE_LIMIT_MAX,
    windowMs: config.RATE_LIMIT_WINDOW_MS,
  });
  return async (request, reply) => {
    if (!isRead(request)) await limitWrites(request, reply);
  };
}
