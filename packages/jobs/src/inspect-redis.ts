import type { Redis } from './redis.ts';

/** What of a Redis decides whether an accepted job can be lost. */
export interface RedisReport {
  version: string;
  /** Whether it removes keys to make room: then it may remove a job. */
  evicts: boolean;
  /** Whether it writes what it is told to a file, at the latest a second later. */
  appendsToFile: boolean;
  usedBytes: number;
  /** Where it begins to refuse writes; undefined where only the machine ends it. */
  maxBytes: number | undefined;
}

export async function inspectRedis(redis: Redis): Promise<RedisReport> {
  const info = new Map(
    (await redis.info()).split(/\r?\n/).map((line) => line.split(':') as [name: string, value: string]),
  );
  return {
    version: info.get('valkey_version') ?? info.get('redis_version') ?? 'unknown',
    evicts: info.get('maxmemory_policy') !== 'noeviction',
    appendsToFile: info.get('aof_enabled') === '1',
    usedBytes: Number(info.get('used_memory') ?? 0),
    maxBytes: Number(info.get('maxmemory') ?? 0) || undefined,
  };
}
