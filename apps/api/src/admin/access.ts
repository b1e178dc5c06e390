import { hkdfSync } from 'node:crypto';
import type { Role } from '@tapedeck/contracts';
import { ConfigError, type Environment, type PasswordHash } from '@tapedeck/runtime';

export const ACCESS_VARIABLES = [
  'ADMIN_PASSWORD_HASH',
  'VIEWER_PASSWORD_HASH',
  'OIDC_ISSUER',
  'OIDC_CLIENT_ID',
  'OIDC_CLIENT_SECRET',
  'ADMIN_EMAILS',
  'VIEWER_EMAILS',
] as const;

export interface OidcConfig {
  issuer: URL;
  clientId: string;
  clientSecret: string;
  /** By e-mail address, in lower case. */
  roles: ReadonlyMap<string, Role>;
}

/** Who gets into /admin. */
export interface AccessConfig {
  passwords: readonly { role: Role; hash: PasswordHash }[];
  oidc: OidcConfig | undefined;
  /**
   * Encrypts the session cookies. Made from what lets people in: replicas agree on it without a variable of its own, and
   * whoever changes a password, the secret or the list of people ends the sessions that came of the old one.
   */
  sessionKey: Buffer;
}

/**
 * @returns undefined where nothing lets anybody in: then there is no /admin
 * @throws ConfigError naming the variable that is missing
 */
export function resolveAccess(environment: Environment<(typeof ACCESS_VARIABLES)[number]>): AccessConfig | undefined {
  const { ADMIN_PASSWORD_HASH: adminHash, VIEWER_PASSWORD_HASH: viewerHash } = environment;
  const passwords = [
    ...(adminHash ? [{ role: 'admin' as const, hash: adminHash }] : []),
    ...(viewerHash ? [{ role: 'viewer' as const, hash: viewerHash }] : []),
  ];
  const oidc = resolveOidc(environment);
  if (passwords.length === 0 && !oidc) return undefined;
  const secret = JSON.stringify(ACCESS_VARIABLES.map((name) => environment[name]));
  const sessionKey = Buffer.from(hkdfSync('sha256', secret, '', 'tapedeck admin sessions', SESSION_KEY_BYTES));
  return { passwords, oidc, sessionKey };
}

const SESSION_KEY_BYTES = 32;

function resolveOidc(environment: Environment<(typeof ACCESS_VARIABLES)[number]>): OidcConfig | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = environment;
  const { ADMIN_EMAILS: admins, VIEWER_EMAILS: viewers } = environment;
  if (!issuer && !clientId && !clientSecret) return undefined;
  if (!issuer) throw new ConfigError("OIDC_ISSUER: expected the provider's address, got nothing");
  if (!clientId) throw new ConfigError('OIDC_CLIENT_ID: expected what the provider calls us, got nothing');
  if (!clientSecret) throw new ConfigError('OIDC_CLIENT_SECRET: expected the secret of OIDC_CLIENT_ID, got nothing');
  // Else everybody with an account at the provider would be let in, or nobody.
  if (admins.length + viewers.length === 0) throw new ConfigError('ADMIN_EMAILS: expected who is let in, got nothing');
  const roles = new Map<string, Role>([
    ...viewers.map((email): [string, Role] => [email, 'viewer']),
    ...admins.map((email): [string, Role] => [email, 'admin']),
  ]);
  return { issuer: new URL(issuer), clientId, clientSecret, roles };
}
