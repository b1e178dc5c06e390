import { JobError } from '@tapedeck/contracts';
import type { Queues, Redis } from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';
import { createLimiter, networkOf } from '../plugins/rate-limit.ts';
import type { ApiConfig } from '../config.ts';
import type { AccessConfig } from './access.ts';
import { createGuard } from './guard.ts';
import { loginRoutes, type LoginOptions } from './login.ts';
import { oidcLoginRoutes } from './login-oidc.ts';
import { sendHomePage } from './pages.ts';
import { ADMIN_PATH, LOGIN_PATH } from './paths.ts';
import { queuesBoard } from './queues.ts';
import { registerSessions, signOut } from './session.ts';

export interface AdminOptions {
  config: ApiConfig;
  access: AccessConfig;
  redis: Redis;
  queues: Queues;
}

const MAX_FORM_BYTES = 4096;

/** Everything below /admin. Only the login is outside of the guard. */
export async function adminPages(app: FastifyInstance, { config, access, redis, queues }: AdminOptions): Promise<void> {
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
    guarded.get(ADMIN_PATH, ({ operator }, reply) => operator && sendHomePage(reply, operator));
    guarded.post(
      `${ADMIN_PATH}/logout`,
      { config: { forEveryRole: true, audit: 'logout' } },
      async (request, reply) => {
        await signOut(redis, request);
        return reply.redirect(LOGIN_PATH, 303);
      },
    );
    // Whoever asks for a page that is not there learns that only when signed in.
    guarded.all(`${ADMIN_PATH}/*`, () => {
      throw new JobError('NOT_FOUND');
    });
    await guarded.register(queuesBoard, { queues, environmentName: config.ENVIRONMENT_NAME });
  });
}
