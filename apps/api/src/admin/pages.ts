import type { FastifyReply } from 'fastify';
import { LOGIN_PATH, OIDC_PATH, STYLE_PATH } from './paths.ts';

/** The page that everybody may see. */
export interface LoginPage {
  hasPassword: boolean;
  hasOidc: boolean;
  returnTo: string;
  /** Why the last try failed. */
  problem?: string;
}

export function sendLoginPage(
  reply: FastifyReply,
  { hasPassword, hasOidc, returnTo, problem }: LoginPage,
): FastifyReply {
  const to = encodeURIComponent(returnTo);
  const parts = [
    '<h1>Tapedeck</h1>',
    problem && `<p role="alert">${escapeHtml(problem)}</p>`,
    hasPassword &&
      `<form method="post" action="${LOGIN_PATH}?to=${to}">
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
        <button>Sign in</button>
      </form>`,
    hasOidc && `<p><a class="button" href="${OIDC_PATH}?to=${to}">Sign in with your account</a></p>`,
  ];
  return sendPage(reply, 'Sign in', parts.filter(Boolean).join('\n'));
}

function sendPage(reply: FastifyReply, title: string, body: string): FastifyReply {
  return reply.type('text/html').send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export function sendStyle(reply: FastifyReply): FastifyReply {
  return reply.type('text/css').header('cache-control', 'max-age=3600').send(STYLE);
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 24rem; margin: 15vh auto 0; padding: 0 1rem; }
form { display: grid; gap: 0.5rem; }
input, button, .button { font: inherit; padding: 0.5rem 0.75rem; border: 1px solid GrayText; border-radius: 0.25rem; }
.button { display: block; text-align: center; text-decoration: none; color: inherit; }
[role="alert"] { border-left: 0.25rem solid #c00; padding-left: 0.75rem; }
`;
