import { timingSafeEqual } from 'node:crypto';
import { JobError } from '@tapedeck/contracts';
import { digestToken, type ApiKey } from '@tapedeck/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Limiter } from './rate-limit.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The id of the key that the request came with; set on every route behind the authenticator. */
    caller: string;
  }
}

/** Who comes with MP4_SERVICE_TOKEN. */
export const SERVICE_CALLER = 'mp4-service';

interface AuthenticatorOptions {
  apiKeys: readonly ApiKey[];
  serviceToken: string | undefined;
  /**
   * Counts tries that failed. One that does not fail passes whatever its address has done: callers are functions, which
   * share their platform's addresses with strangers, and a key cannot be guessed.
   */
  limitFailures: Limiter;
}

/**
 * Asks for `Authorization: Bearer <token>`. Digests are compared, all of them, each in constant time: neither the
 * length of a token nor which key it resembles can be measured.
 */
export function createAuthenticator({ apiKeys, serviceToken, limitFailures }: AuthenticatorOptions) {
  const keys: { id: string; digest: Buffer }[] = apiKeys.map(({ id, sha256Hex }) => ({
    id,
    digest: Buffer.from(sha256Hex, 'hex'),
  }));
  if (serviceToken !== undefined) keys.push({ id: SERVICE_CALLER, digest: digestToken(serviceToken) });
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const token = /^Bearer +(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1];
    const digest = digestToken(token ?? '');
    const [key] = keys.filter((one) => timingSafeEqual(one.digest, digest));
    if (token === undefined || !key) {
      await limitFailures(request, reply);
      const message =
        token === undefined ? 'expected the header Authorization: Bearer <token>' : 'the token is not known';
      throw new JobError('UNAUTHORIZED', message);
    }
    request.caller = key.id;
  };
}
