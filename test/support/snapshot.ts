import type { Redis } from '@tapedeck/jobs';
import { readFiles } from './read-files.ts';

/** What services that have nothing to do say to themselves. */
const PASSING = /:stalled-check$|^tapedeck:rate:/;

/** Everything that a command could have changed: each key of Redis, each file as a hash. */
export async function takeSnapshot(redis: Redis, dirs: readonly string[]): Promise<Record<string, string>> {
  const dumps: Record<string, string> = {};
  const keys = (await redis.keys('*')).filter((key) => !PASSING.test(key));
  for (const key of keys) dumps[key] = await dump(redis, key);
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
