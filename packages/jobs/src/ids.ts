import { createHash, randomBytes } from 'node:crypto';

/**
 * Ids sort by their time and hold no `:` and are no integer: BullMQ allows neither.
 * 48 bits of milliseconds, then 80 random bits, in base 32 (Crockford), as a ULID has them.
 */
export function createId(prefix: string, nowMs: number = Date.now()): string {
  const time = BigInt(nowMs) << 80n;
  const random = BigInt(`0x${randomBytes(10).toString('hex')}`);
  return `${prefix}_${toBase32(time | random, 26)}`;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

function toBase32(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest >>= 5n) text = ALPHABET[Number(rest & 31n)]! + text;
  return text;
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
