import { createHash, randomBytes } from 'node:crypto';

/** Of a caller's key only this is kept. */
export interface ApiKey {
  /** The caller's name, not a secret. Two keys may share it while one replaces the other. */
  id: string;
  sha256Hex: string;
}

/** 192 random bits: nobody guesses them, so a fast digest is enough to keep. */
const KEY_BYTES = 24;
export const API_KEY_ID = /^[\w.-]{1,64}$/;

/** Reads a line of API_KEYS, `id:sha256-hex`; undefined where it is none. */
export function parseApiKey(line: string): ApiKey | undefined {
  const [id = '', sha256Hex = '', ...rest] = line.split(':');
  const isOne = API_KEY_ID.test(id) && /^[0-9a-f]{64}$/.test(sha256Hex) && rest.length === 0;
  return isOne ? { id, sha256Hex } : undefined;
}

/** @returns the key for its caller, and the line of API_KEYS for us */
export function createApiKey(id: string): { key: string; line: string } {
  const key = `td_${randomBytes(KEY_BYTES).toString('base64url')}`;
  return { key, line: `${id}:${digestToken(key).toString('hex')}` };
}

export function digestToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
