import { createHash } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';

export type { Redis } from 'ioredis';

/**
 * - `fast`: for answering requests. A command fails within a second instead of waiting for Redis to come back.
 * - `patient`: for workers. Commands wait for the connection; BullMQ's blocking reads need it so.
 */
export type RedisTemper = 'fast' | 'patient';

/** Of the rate limit's command, and of each of the submit's: where Redis hangs, the first that fails ends the request. */
const FAST_COMMAND_MS = 300;
const FAST: RedisOptions = {
  ...{ enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: FAST_COMMAND_MS },
  socketTimeout: 2_000,
};
/** Longer than BullMQ's blocking reads last. */
const PATIENT: RedisOptions = { maxRetriesPerRequest: null, socketTimeout: 20_000 };

const MAX_RECONNECT_DELAY_MS = 2_000;
const MIN_FAILOVER_CHECK_MS = 5_000;

/**
 * A connection to `redis://`, `rediss://` or `unix:/path`. Reconnects for ever, within two seconds of Redis being back;
 * also when nothing comes any more over a connection that looks open, which the system would notice after a quarter of
 * an hour.
 * @param onError is told of every connection error; without a listener ioredis prints to stderr by itself.
 */
export function connectRedis(url: string, temper: RedisTemper, onError: (error: Error) => void): Redis {
  const options: RedisOptions = {
    ...(temper === 'fast' ? FAST : PATIENT),
    connectTimeout: 5_000,
    keepAlive: 10_000,
    retryStrategy: (times) => Math.min(times * 100, MAX_RECONNECT_DELAY_MS),
    reconnectOnError: createFailoverCheck(),
  };
  const socketPath = parseUnixUrl(url);
  const redis = socketPath ? new Redis(socketPath, options) : new Redis(url, options);
  redis.on('error', onError);
  return redis;
}

/**
 * After a failover the old primary answers READONLY: reconnect and resolve the name again. Not at every such answer:
 * while the name still leads to the old one, it can be read, and each new connection fails the reads of that moment.
 */
function createFailoverCheck(): (error: Error) => boolean {
  let checkedAtMs = -Infinity;
  return (error) => {
    if (!error.message.startsWith('READONLY')) return false;
    if (performance.now() - checkedAtMs < MIN_FAILOVER_CHECK_MS) return false;
    checkedAtMs = performance.now();
    return true;
  };
}

/** Did Redis answer, and refuse: because it is full, read-only, loading, or was asked something wrong? */
export function isRedisRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/**
 * Waits until a new connection can be used.
 * @throws Error when Redis does not answer within `timeoutMs`: the supervisor shall try again.
 */
export async function waitForRedis(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  // Not events.once: it gives up at the first 'error', and there is one for each try to connect.
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`REDIS_URL: no answer within ${timeoutMs} ms`)), timeoutMs);
    redis.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function parseUnixUrl(url: string): string | undefined {
  return /^unix:(?:\/\/)?(\/.*)$/.exec(url)?.[1];
}

/** A Lua script: called by its hash, sent whole only where Redis does not know it yet. */
export interface RedisScript {
  run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>;
}

export function createScript(lua: string): RedisScript {
  const hash = createHash('sha1').update(lua).digest('hex');
  return {
    async run(redis, keys, args) {
      try {
        return await redis.evalsha(hash, keys.length, ...keys, ...args);
      } catch (error) {
        const isUnknown = error instanceof Error && error.message.startsWith('NOSCRIPT');
        if (!isUnknown) throw error;
        return redis.eval(lua, keys.length, ...keys, ...args);
      }
    },
  };
}
