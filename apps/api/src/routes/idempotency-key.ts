import { InvalidRequestError } from '../plugins/problem-details.ts';

const MAX_IDEMPOTENCY_KEY_CHARS = 255;

/** @throws InvalidRequestError naming the header */
export function parseIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = String(header).trim();
  if (key.length >= 1 && key.length <= MAX_IDEMPOTENCY_KEY_CHARS) return key;
  const message = `expected 1 to ${MAX_IDEMPOTENCY_KEY_CHARS} characters, got ${key.length}`;
  throw new InvalidRequestError([{ path: 'Idempotency-Key', message }]);
}
