import type { IncomingHttpHeaders } from 'node:http';
import type { IdempotencyScope, Submission } from '@tapedeck/jobs';
import { InvalidRequestError } from '../plugins/problem-details.ts';

const MAX_IDEMPOTENCY_KEY_CHARS = 255;

/** What a request says of others that are the same. @throws InvalidRequestError naming the header */
export function parseIdempotency(
  headers: IncomingHttpHeaders,
): Pick<Submission, 'idempotencyKey' | 'idempotencyScope'> {
  return {
    idempotencyKey: parseKey(headers['idempotency-key']),
    idempotencyScope: parseScope(headers['idempotency-scope']),
  };
}

function parseKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = String(header).trim();
  if (key.length >= 1 && key.length <= MAX_IDEMPOTENCY_KEY_CHARS) return key;
  const message = `expected 1 to ${MAX_IDEMPOTENCY_KEY_CHARS} characters, got ${key.length}`;
  throw new InvalidRequestError([{ path: 'Idempotency-Key', message }]);
}

function parseScope(header: string | string[] | undefined): IdempotencyScope {
  if (header === undefined) return 'request';
  if (header === 'request' || header === 'call') return header;
  throw new InvalidRequestError([{ path: 'Idempotency-Scope', message: 'expected request or call, got another' }]);
}
