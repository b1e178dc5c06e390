import { connectRedis, type Redis } from '@tapedeck/jobs';
import { systemCodeOf } from '../system-code.ts';

const TIMEOUT_MS = 5_000;

/** What Redis answered, or why it did not: a code or its own words, without the URL, which may hold a password. */
export type RedisAnswer<T> = { value: T } | { failure: string };

/** Connects, asks, and hangs up. The first connection that fails is the answer: an operator waits for no other. */
export async function askRedis<T>(redisUrl: string, ask: (redis: Redis) => Promise<T>): Promise<RedisAnswer<T>> {
  const connected = Promise.withResolvers<undefined>();
  const redis = connectRedis(redisUrl, 'fast', connected.reject);
  redis.once('ready', () => connected.resolve(undefined));
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  deadline.addEventListener('abort', () => connected.reject(new Error(`no answer within ${TIMEOUT_MS} ms`)));
  try {
    await connected.promise;
    return { value: await ask(redis) };
  } catch (error) {
    return { failure: describeError(error) };
  } finally {
    redis.disconnect();
  }
}

function describeError(error: unknown): string {
  return systemCodeOf(error) ?? (error instanceof Error ? error.message : 'no answer');
}
