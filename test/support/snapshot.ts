import type { Redis } from '@tapedeck/jobs';
import { readFiles } from './read-files.ts';

/** Locks and the like go by themselves. */
const SOON_MS = 120_000;

/** Everything that a command could have changed: each key of Redis, each file as a hash. */
export async function takeSnapshot(redis: Redis, dirs: readonly string[]): Promise<Record<string, string>> {
  const dumps: Record<string, string> = {};
  for (const key of await redis.keys('*')) {
    const ttlMs = await redis.pttl(key);
    const passes = ttlMs !== -1 && ttlMs < SOON_MS;
    if (!passes) dumps[key] = await dump(redis, key);
  }
  for (const dir of dirs) {
    for (const [path, sha256Hex] of Object.entries(await readFiles(dir))) dumps[`${dir}/${path}`] = sha256Hex;
  }
  return dumps;
}

/** Redis gives what has no order in one that changes by itself. */
async function dump(redis: Redis, key: string): Promise<string> {
  const type = await redis.type(key);
  if (type === 'hash') return JSON.stringify(Object.entries(await redis.hgetall(key)).toSorted());
  if (type === 'set') return JSON.stringify((await redis.smembers(key)).toSorted());
  return (await redis.dumpBuffer(key)).toString('base64');
}
