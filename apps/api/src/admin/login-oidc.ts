import { JobError } from '@tapedeck/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as oidc from 'openid-client';
import type { OidcConfig } from './access.ts';
import type { LoginOptions } from './login.ts';
import { sendLoginPage } from './pages.ts';
import { ADMIN_PATH, OIDC_CALLBACK_PATH, OIDC_PATH, parseReturnTo } from './paths.ts';
import { signIn, type Operator, type PendingLogin } from './session.ts';

export interface OidcLoginOptions extends LoginOptions {
  config: OidcConfig;
  /** Development only: a provider on http. */
  allowInsecure: boolean;
}

const PROVIDER_TIMEOUT_SEC = 10;
/** The provider publishes new keys and addresses now and then. */
const DISCOVERY_MS = 3_600_000;

/**
 * Signing in with an account at a provider (OpenID Connect Core 1.0, code flow; PKCE, RFC 7636). State, nonce and
 * verifier wait in the browser's encrypted cookie, so that the code is of use to nobody else.
 */
export async function oidcLoginRoutes(app: FastifyInstance, options: OidcLoginOptions): Promise<void> {
  const { config, publicUrl, limitTries } = options;
  const redirectUri = `${publicUrl}${OIDC_CALLBACK_PATH}`;
  const findProvider = createDiscovery(options);

  app.get<{ Querystring: { to?: unknown } }>(OIDC_PATH, async (request, reply) => {
    await limitTries(request, reply);
    const provider = await findProvider();
    const pending = {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      codeVerifier: oidc.randomPKCECodeVerifier(),
      returnTo: parseReturnTo(request.query.to),
    };
    request.session.set('pendingLogin', pending);
    const url = oidc.buildAuthorizationUrl(provider, {
      redirect_uri: redirectUri,
      scope: 'openid email',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(pending.codeVerifier),
      code_challenge_method: 'S256',
    });
    return reply.redirect(url.href);
  });

  app.get(OIDC_CALLBACK_PATH, { config: { audit: 'login' } }, async (request, reply) => {
    await limitTries(request, reply);
    const pending = request.session.get('pendingLogin');
    request.session.set('pendingLogin', undefined);
    const returnTo = pending?.returnTo ?? ADMIN_PATH;
    let operator: Operator;
    try {
      if (!pending) throw new JobError('UNAUTHORIZED', 'expected a login that was begun in this browser');
      const claimant = await exchange(await findProvider(), new URL(request.url, publicUrl), pending);
      request.claimant = claimant;
      operator = authorize(config, claimant);
    } catch (error) {
      const problem = explain(request, error);
      const page = { hasPassword: options.access.passwords.length > 0, hasOidc: true, returnTo };
      return sendLoginPage(reply.code(403), { ...page, problem });
    }
    signIn(request, operator);
    return reply.redirect(returnTo, 303);
  });
}

/**
 * The provider's answer for the account that it vouches for.
 * @returns the e-mail address in lower case
 * @throws JobError, or what openid-client throws
 */
async function exchange(
  provider: oidc.Configuration,
  answer: URL,
  { codeVerifier, state, nonce }: PendingLogin,
): Promise<string> {
  const tokens = await oidc.authorizationCodeGrant(provider, answer, {
    pkceCodeVerifier: codeVerifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  return requireVerified(await readEmail(provider, tokens));
}

/** Asked for when somebody signs in: a provider that is away keeps nobody else from anything. */
function createDiscovery({ config, allowInsecure }: OidcLoginOptions): () => Promise<oidc.Configuration> {
  let found: { provider: oidc.Configuration; atMs: number } | undefined;
  return async () => {
    if (found && performance.now() - found.atMs < DISCOVERY_MS) return found.provider;
    const { issuer, clientId, clientSecret } = config;
    const provider = await oidc
      .discovery(issuer, clientId, clientSecret, undefined, {
        timeout: PROVIDER_TIMEOUT_SEC,
        ...(allowInsecure && { execute: [oidc.allowInsecureRequests] }),
      })
      .catch((cause: unknown) => {
        throw new JobError('LOGIN_UNAVAILABLE', undefined, { cause });
      });
    found = { provider, atMs: performance.now() };
    return provider;
  };
}

type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>;

interface Email {
  email?: unknown;
  email_verified?: unknown;
}

/** Some providers put the address into the token, the others tell it who asks with it. */
async function readEmail(provider: oidc.Configuration, tokens: Tokens): Promise<Email> {
  const claims = tokens.claims();
  if (!claims) throw new JobError('FORBIDDEN', 'the provider sent no ID token');
  const { email, email_verified: isVerified } = claims;
  if (email !== undefined) return { email, email_verified: isVerified };
  return oidc.fetchUserInfo(provider, tokens.access_token, claims.sub);
}

/** @throws JobError FORBIDDEN unless the provider vouches for an address */
function requireVerified({ email, email_verified: isVerified }: Email): string {
  if (typeof email !== 'string') throw new JobError('FORBIDDEN', 'the provider tells no e-mail address');
  // Otherwise anybody could have entered somebody else's.
  if (isVerified !== true) throw new JobError('FORBIDDEN', 'the provider has not verified the e-mail address');
  return email.toLowerCase();
}

/** @throws JobError FORBIDDEN unless the address is on the list */
function authorize({ roles }: OidcConfig, name: string): Operator {
  const role = roles.get(name);
  if (!role) throw new JobError('FORBIDDEN', `${name} is not among those who are let in`);
  return { name, role };
}

/**
 * What the provider says is for the log; the person only needs to know what to do.
 * @throws JobError LOGIN_UNAVAILABLE when the provider did not get to say anything
 */
function explain(request: FastifyRequest, error: unknown): string {
  if (isUnavailable(error)) throw new JobError('LOGIN_UNAVAILABLE', undefined, { cause: error });
  request.log.warn({ ip: request.ip, err: error }, 'a login was refused');
  return error instanceof JobError ? error.message : 'The provider did not confirm who you are. Please try again.';
}

/** Network errors are fetch's TypeErrors, and a DOMException when it took too long. */
function isUnavailable(error: unknown): boolean {
  if (error instanceof JobError) return error.httpStatus >= 500;
  const causes = error instanceof Error ? [error, error.cause] : [error];
  return causes.some((one) => one instanceof TypeError || (one instanceof DOMException && one.name === 'TimeoutError'));
}
