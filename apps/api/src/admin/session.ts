import { randomUUID } from 'node:crypto';
import secureSession from '@fastify/secure-session';
import { JobError, type Role } from '@tapedeck/contracts';
import type { Redis } from '@tapedeck/jobs';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Who is signed in. */
export interface Operator {
  /** An e-mail address, or the role where a password is all that is known. */
  name: string;
  role: Role;
}

interface SignedIn extends Operator {
  sessionId: string;
  signedInAtMs: number;
}

/** What has to come back from the provider, unseen and unchanged. */
export interface PendingLogin {
  state: string;
  nonce: string;
  codeVerifier: string;
  returnTo: string;
}

declare module '@fastify/secure-session' {
  interface SessionData {
    signedIn: SignedIn;
    pendingLogin: PendingLogin;
  }
}

export const SESSION_MS = 24 * 3_600_000;

/**
 * The session is in an encrypted cookie: httpOnly, of this site alone, and over TLS wherever we are behind it. Not
 * SameSite=Strict: whoever comes back from the provider, or follows a link to a job, comes from another site. What
 * keeps others from writing in the session's name is guard.ts.
 */
export async function registerSessions(app: FastifyInstance, key: Buffer, publicUrl: string): Promise<void> {
  const secure = publicUrl.startsWith('https:');
  await app.register(secureSession, {
    key,
    // The prefix makes browsers refuse a cookie of that name that a neighbouring host has set.
    cookieName: secure ? '__Host-tapedeck' : 'tapedeck',
    expiry: SESSION_MS / 1000,
    cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure, maxAge: SESSION_MS / 1000 },
  });
}

/** Nothing of an earlier session stays. */
export function signIn(request: FastifyRequest, { name, role }: Operator): void {
  const { session } = request;
  request.operator = { name, role };
  session.regenerate();
  session.set('signedIn', { name, role, sessionId: randomUUID(), signedInAtMs: Date.now() });
}

const signedOutKey = (sessionId: string): string => `tapedeck:signed-out:${sessionId}`;

/** Ends the session for every copy of its cookie, not only for the browser that asked. */
export async function signOut(redis: Redis, { session }: FastifyRequest): Promise<void> {
  const signedIn = session.get('signedIn');
  session.delete();
  if (signedIn) await orNotKnown(redis.set(signedOutKey(signedIn.sessionId), '1', 'PX', SESSION_MS));
}

/** undefined for nobody, and for a session that is over. */
export async function findOperator(redis: Redis, { session }: FastifyRequest): Promise<Operator | undefined> {
  const signedIn = session.get('signedIn');
  if (!signedIn || Date.now() - signedIn.signedInAtMs > SESSION_MS) return undefined;
  const isSignedOut = await orNotKnown(redis.exists(signedOutKey(signedIn.sessionId)));
  return isSignedOut ? undefined : { name: signedIn.name, role: signedIn.role };
}

function orNotKnown<T>(command: Promise<T>): Promise<T> {
  return command.catch((cause: unknown) => {
    throw new JobError('QUEUE_UNAVAILABLE', 'nobody can say whether the session is still valid', { cause });
  });
}
