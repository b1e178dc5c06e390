import type { FastifyInstance } from 'fastify';
import { acceptEmptyBodies } from '../plugins/empty-bodies.ts';
import { createLimiter, networkOf } from '../plugins/rate-limit.ts';
import { deleteRoute, type DeleteOptions } from '../routes/delete-job.ts';
import { jobRoutes } from '../routes/jobs.ts';
import { steerRoutes } from '../routes/steer-jobs.ts';
import type { AccessConfig } from './access.ts';
import { dashboardPages } from './dashboard.ts';
import { bulkRoute } from './bulk.ts';
import { cleanupRoute } from './cleanup.ts';
import { exportRoute } from './export-jobs.ts';
import { fleetRoutes, type FleetOptions } from './fleet-routes.ts';
import { createGuard } from './guard.ts';
import { jobActionRoutes } from './job-actions.ts';
import { jobDetailsRoute } from './job-details.ts';
import { liveRoute, type LiveRouteOptions } from './live-route.ts';
import { loginRoutes, type LoginOptions } from './login.ts';
import { oidcLoginRoutes } from './login-oidc.ts';
import { mediaRoutes } from './media.ts';
import { ADMIN_PATH, LOGIN_PATH } from './paths.ts';
import { queuesBoard } from './queues.ts';
import { registerSessions, signOut } from './session.ts';

interface ApiOptions extends DeleteOptions, LiveRouteOptions, FleetOptions {}

export interface AdminOptions extends ApiOptions {
  access: AccessConfig;
}

const MAX_FORM_BYTES = 4096;

/** Everything below /admin. Only the login is outside of the guard. */
export async function adminPages(app: FastifyInstance, { access, ...options }: AdminOptions): Promise<void> {
  const { config, redis, queues } = options;
  const { publicUrl } = config;
  await registerSessions(app, access.sessionKey, publicUrl);
  const limitTries = createLimiter(app, {
    what: 'logins',
    keyOf: networkOf,
    max: config.AUTH_FAILURES_MAX,
    windowMs: config.AUTH_FAILURES_WINDOW_MS,
    failsClosed: true,
  });
  // Pages tell of people and jobs: neither a proxy nor the next person at this browser gets to see them.
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  const login: LoginOptions = { access, publicUrl, limitTries };
  await app.register(loginRoutes, login);
  if (access.oidc) {
    await app.register(oidcLoginRoutes, {
      ...{ ...login, config: access.oidc },
      allowInsecure: config.ALLOW_PRIVATE_NETWORK,
    });
  }
  await app.register(async (guarded) => {
    guarded.addHook('onRequest', createGuard(redis, publicUrl));
    guarded.post(
      `${ADMIN_PATH}/logout`,
      { config: { forEveryRole: true, audit: 'logout' } },
      async (request, reply) => {
        await signOut(redis, request);
        return reply.redirect(LOGIN_PATH, 303);
      },
    );
    await guarded.register(dashboardPages, { environmentName: config.ENVIRONMENT_NAME });
    await guarded.register(queuesBoard, { queues, environmentName: config.ENVIRONMENT_NAME });
    await guarded.register(adminApi, options);
  });
}

/** What callers may ask with a key, operators may ask with their session; and what only they may ask. */
async function adminApi(app: FastifyInstance, options: ApiOptions): Promise<void> {
  const { redis, store, config } = options;
  const addresses = { spacesEndpoint: config.SPACES_ENDPOINT, publicUrl: config.publicUrl };
  acceptEmptyBodies(app);
  await app.register(jobRoutes, { ...options, prefix: ADMIN_PATH });
  await app.register(steerRoutes, { ...options, prefix: ADMIN_PATH });
  await app.register(deleteRoute, { ...options, prefix: ADMIN_PATH });
  await app.register(jobActionRoutes, options);
  await app.register(jobDetailsRoute, { redis, store, addresses });
  await app.register(mediaRoutes, { redis, store, addresses });
  await app.register(fleetRoutes, options);
  await app.register(cleanupRoute, { backend: options, redis, store, addresses });
  await app.register(bulkRoute, options);
  await app.register(exportRoute, options);
  await app.register(liveRoute, options);
}
