export const ADMIN_PATH = '/admin';
export const LOGIN_PATH = '/admin/login';
export const OIDC_PATH = '/admin/login/oidc';
export const OIDC_CALLBACK_PATH = '/admin/login/oidc/callback';
export const QUEUES_PATH = '/admin/queues';

/** Where to go after signing in. Only to a page of ours: the address may come from anybody. */
export function parseReturnTo(text: unknown): string {
  if (typeof text !== 'string') return ADMIN_PATH;
  const base = 'https://here.invalid';
  const url = URL.parse(text, base);
  const isOurs = url?.origin === base && (url.pathname === ADMIN_PATH || url.pathname.startsWith(`${ADMIN_PATH}/`));
  return isOurs && !url.pathname.startsWith(LOGIN_PATH) ? `${url.pathname}${url.search}` : ADMIN_PATH;
}
