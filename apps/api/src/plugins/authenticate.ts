import { createHash, timingSafeEqual } from 'node:crypto';
import { JobError } from '@tapedeck/contracts';
import type { FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The id of the key that the request came with; set on every route behind the authenticator. */
    caller: string;
  }
}

export interface ApiKey {
  id: string;
  sha256Hex: string;
}

const SERVICE_CALLER = 'mp4-service';

/**
 * Asks for `Authorization: Bearer <token>`. Digests are compared, all of them, each in constant time: neither the
 * length of a token nor which key it resembles can be measured.
 */
export function createAuthenticator(apiKeys: readonly ApiKey[], serviceToken: string | undefined) {
  const keys: { id: string; digest: Buffer }[] = apiKeys.map(({ id, sha256Hex }) => ({
    id,
    digest: Buffer.from(sha256Hex, 'hex'),
  }));
  if (serviceToken !== undefined) keys.push({ id: SERVICE_CALLER, digest: sha256(serviceToken) });
  return async (request: FastifyRequest): Promise<void> => {
    const token = /^Bearer +(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new JobError('UNAUTHORIZED', 'expected the header Authorization: Bearer <token>');
    const digest = sha256(token);
    const matches = keys.filter((key) => timingSafeEqual(key.digest, digest));
    if (!matches[0]) throw new JobError('UNAUTHORIZED', 'the token is not known');
    request.caller = matches[0].id;
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
