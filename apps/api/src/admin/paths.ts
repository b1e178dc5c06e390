export const ADMIN_PATH = '/admin';
/** What the page asks us for. */
export const ADMIN_API_PATH = '/admin/api';
export const LOGIN_PATH = '/admin/login';
export const STYLE_PATH = '/admin/login/style.css';
export const OIDC_PATH = '/admin/login/oidc';
export const OIDC_CALLBACK_PATH = '/admin/login/oidc/callback';
export const ASSETS_PATH = '/admin/assets';
export const MEDIA_PATH = '/admin/media';
export const QUEUES_PATH = '/admin/queues';

/** Where to go after signing in. Of an address, which may come from anybody, only the path counts, and only one of ours. */
export function parseReturnTo(text: unknown): string {
  const url = typeof text === 'string' ? URL.parse(text, 'https://here.invalid') : null;
  if (!url || !/^\/admin(\/|$)/.test(url.pathname) || url.pathname.startsWith(LOGIN_PATH)) return ADMIN_PATH;
  return `${url.pathname}${url.search}`;
}
