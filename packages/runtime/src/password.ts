import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** What is kept of a password: `scrypt.<N>.<r>.<p>.<salt>.<hash>`, without `$`, which shells and compose files would fill in. */
export interface PasswordHash {
  /** N: doubles the time and the memory. */
  cost: number;
  blockSize: number;
  parallelization: number;
  salt: Buffer;
  hash: Buffer;
}

/** Of what a person may choose; the most is what a login form takes. */
export const PASSWORD_CHARS = { min: 12, max: 256 };

/** 64 MiB and about a tenth of a second for each guess. */
const DEFAULT_COST = { cost: 65_536, blockSize: 8, parallelization: 1 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;
const MAX_MEMORY_BYTES = 256 * 1024 ** 2;

/** @returns what ADMIN_PASSWORD_HASH takes */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const { cost, blockSize, parallelization } = DEFAULT_COST;
  const hash = await derive(password, { ...DEFAULT_COST, salt });
  const parts = [cost, blockSize, parallelization, salt.toString('base64url'), hash.toString('base64url')];
  return ['scrypt', ...parts].join('.');
}

/** undefined where the text is no such hash, or one that would take more memory than a login may. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = /^scrypt\.(\d+)\.(\d+)\.(\d+)\.([\w-]+)\.([\w-]{43})$/.exec(text);
  if (!match) return undefined;
  const [cost, blockSize, parallelization] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const isPowerOfTwo = cost > 1 && Number.isInteger(Math.log2(cost));
  if (
    !isPowerOfTwo ||
    128 * cost * blockSize * parallelization > MAX_MEMORY_BYTES ||
    blockSize < 1 ||
    parallelization < 1
  )
    return undefined;
  const [salt, hash] = [match[4]!, match[5]!].map((part) => Buffer.from(part, 'base64url')) as [Buffer, Buffer];
  return { cost, blockSize, parallelization, salt, hash };
}

/** Takes as long for a wrong password as for the right one. */
export async function verifyPassword(password: string, expected: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, expected), expected.hash);
}

function derive(
  password: string,
  { cost, blockSize, parallelization, salt }: Omit<PasswordHash, 'hash'>,
): Promise<Buffer> {
  const options = { cost, blockSize, parallelization, maxmem: 2 * MAX_MEMORY_BYTES };
  return new Promise((resolve, reject) => {
    // One password has many spellings in Unicode; keyboards differ in which they send.
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
