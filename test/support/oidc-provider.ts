import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

/**
 * `oidc-provider.ts PORT REDIRECT_URI`: a real OpenID provider, in which whoever comes is signed in as the account that
 * `POST /act-as` has set last. Its own process: the provider is a service, and no part of the test.
 */
const [port = '', redirectUri = ''] = process.argv.slice(2);

interface Account {
  email?: string;
  email_verified?: boolean;
  /** Where the address is told: in the token, or to who asks with it. */
  inToken?: boolean;
  /** Sends a token for another login than the one that was begun. */
  losesNonce?: boolean;
}
let account: Account = {};

const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: 'tapedeck', client_secret: 'marker-oidc-client-secret', redirect_uris: [redirectUri] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  findAccount: (_context, accountId) => ({
    accountId,
    async claims(use) {
      const { email, email_verified, inToken } = account;
      const isHere = inToken === true || use === 'userinfo';
      return { sub: accountId, ...(isHere && { email, email_verified }) };
    },
  }),
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
  async loadExistingGrant(context) {
    const { client, session } = context.oidc;
    const grant = new context.oidc.provider.Grant({ clientId: client!.clientId, accountId: session!.accountId! });
    grant.addOIDCScope('openid email');
    await grant.save();
    return grant;
  },
});
provider.use(async (context, next) => {
  if (account.losesNonce && context.path === '/auth') {
    const url = new URL(context.url, issuer);
    url.searchParams.set('nonce', 'of-another-login');
    context.url = `${url.pathname}${url.search}`;
  }
  await next();
});
const answer = provider.callback();

createServer((request, response) => {
  if (request.url === '/act-as') {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      account = JSON.parse(text) as Account;
      response.end('ok');
    });
    return;
  }
  if (request.url!.startsWith('/interaction/')) {
    void provider.interactionFinished(request, response, { login: { accountId: `account-${Date.now()}` } });
    return;
  }
  void answer(request, response);
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
