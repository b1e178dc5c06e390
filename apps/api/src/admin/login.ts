import { JobError, type Role } from '@tapedeck/contracts';
import { PASSWORD_CHARS, verifyPassword } from '@tapedeck/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Limiter } from '../plugins/rate-limit.ts';
import type { AccessConfig } from './access.ts';
import { assertOwnPage } from './guard.ts';
import { sendLoginPage, sendStyle } from './pages.ts';
import { LOGIN_PATH, parseReturnTo, STYLE_PATH } from './paths.ts';
import { signIn } from './session.ts';

export interface LoginOptions {
  access: AccessConfig;
  publicUrl: string;
  /** Counts tries, of everybody from one network: a password can be guessed, and takes a tenth of a second to check. */
  limitTries: Limiter;
}

const formSchema = z.object({ password: z.string().min(1).max(PASSWORD_CHARS.max) });

/** The login page, and signing in with a password. */
export async function loginRoutes(app: FastifyInstance, options: LoginOptions): Promise<void> {
  const { access, publicUrl, limitTries } = options;
  const page = { hasPassword: access.passwords.length > 0, hasOidc: access.oidc !== undefined };
  app.get(STYLE_PATH, (_request, reply) => sendStyle(reply));
  app.get<ToQuery>(LOGIN_PATH, ({ query }, reply) =>
    sendLoginPage(reply, { ...page, returnTo: parseReturnTo(query.to) }),
  );
  if (!page.hasPassword) return;

  app.post<ToQuery>(LOGIN_PATH, { config: { audit: 'login' } }, async (request, reply) => {
    if (comesFromBrowser(request)) assertOwnPage(request, publicUrl);
    await limitTries(request, reply);
    const form = formSchema.safeParse(request.body);
    const role = form.success ? await findRole(access, form.data.password) : undefined;
    const returnTo = parseReturnTo(request.query.to);
    if (!role) {
      return refuse(request, reply, () =>
        sendLoginPage(reply, { ...page, returnTo, problem: 'That is not the password.' }),
      );
    }
    signIn(request, { name: role, role });
    return reply.redirect(returnTo, 303);
  });
}

interface ToQuery {
  Querystring: { to?: unknown };
}

/** A program that signs in has no session yet that another site could abuse. */
function comesFromBrowser({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-site'] !== undefined || headers.origin !== undefined;
}

/** All of them are tried: how long it takes says nothing about which. */
async function findRole({ passwords }: AccessConfig, password: string): Promise<Role | undefined> {
  const results = await Promise.all(passwords.map(({ hash }) => verifyPassword(password, hash)));
  return passwords.find((_, index) => results[index])?.role;
}

function refuse(request: FastifyRequest, reply: FastifyReply, sendPage: () => FastifyReply): FastifyReply {
  if (!(request.headers.accept ?? '').includes('text/html'))
    throw new JobError('UNAUTHORIZED', 'the password is wrong');
  reply.code(401);
  return sendPage();
}
