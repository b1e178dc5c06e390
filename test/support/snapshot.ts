import type { Redis } from '@tapedeck/jobs';
import { readFiles } from './read-files.ts';

/** Everything that a command could have changed: each key of Redis as it is dumped, each file as a hash. */
export async function takeSnapshot(redis: Redis, dirs: readonly string[]): Promise<Record<string, string>> {
  const dumps: Record<string, string> = {};
  for (const key of await redis.keys('*')) {
    const dump = await redis.dumpBuffer(key);
    dumps[key] = dump.toString('base64');
  }
  for (const dir of dirs) {
    for (const [path, sha256Hex] of Object.entries(await readFiles(dir))) dumps[`${dir}/${path}`] = sha256Hex;
  }
  return dumps;
}
