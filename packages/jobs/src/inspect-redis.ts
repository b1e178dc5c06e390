import type { Redis } from './redis.ts';

/** What of a Redis decides whether an accepted job can be lost. */
export interface RedisReport {
  /** What it calls itself: Redis 7.2.4, Valkey 8.0.1. */
  name: string;
  /** Of the Redis that it is compatible with: what libraries ask for. */
  version: string;
  /** Whether it removes keys to make room: then it may remove a job. */
  evicts: boolean;
  /** Whether it writes what it is told to a file, at the latest a second later. */
  appendsToFile: boolean;
  /** Whether its last snapshot, or the last write of that file, failed. */
  failsToPersist: boolean;
  usedBytes: number;
  /** Where it begins to refuse writes; undefined where only the machine ends it. */
  maxBytes: number | undefined;
}

export async function inspectRedis(redis: Redis): Promise<RedisReport> {
  const info = new Map(
    (await redis.info()).split(/\r?\n/).map((line) => line.split(':') as [name: string, value: string]),
  );
  const version = info.get('redis_version') ?? 'unknown';
  const valkeyVersion = info.get('valkey_version');
  return {
    name: valkeyVersion ? `Valkey ${valkeyVersion}` : `Redis ${version}`,
    version,
    evicts: info.get('maxmemory_policy') !== 'noeviction',
    appendsToFile: info.get('aof_enabled') === '1',
    failsToPersist: ['rdb_last_bgsave_status', 'aof_last_write_status'].some((name) => info.get(name) === 'err'),
    usedBytes: Number(info.get('used_memory') ?? 0),
    maxBytes: Number(info.get('maxmemory') ?? 0) || undefined,
  };
}
