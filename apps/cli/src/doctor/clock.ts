import type { StorageConfig } from '@tapedeck/runtime';
import { askRedis } from './ask-redis.ts';
import type { Finding } from './finding.ts';

const TIMEOUT_MS = 5_000;
/** Stores refuse signatures that are a quarter of an hour off, receivers of callbacks those of five minutes. */
const MAX_SKEW_SEC = 60;

/** Whether this machine's clock agrees with those of the store and of Redis. Who does not answer is others' business. */
export async function examineClock(storage: StorageConfig, redisUrl: string | undefined): Promise<Finding[]> {
  const endpoint = storage.driver === 'spaces' ? storage.endpoint : undefined;
  const compared = await Promise.all([
    endpoint ? compareClock(`the store at ${endpoint}`, () => askStoreTime(endpoint)) : undefined,
    redisUrl ? compareClock('Redis', () => askRedisTime(redisUrl)) : undefined,
  ]);
  return compared.filter((finding) => finding !== undefined);
}

async function compareClock(whose: string, ask: () => Promise<number | undefined>): Promise<Finding | undefined> {
  const askedAtMs = Date.now();
  const timeMs = await ask();
  // It was there some time between the question and the answer.
  return timeMs === undefined ? undefined : judgeClock(whose, timeMs - (askedAtMs + Date.now()) / 2);
}

/** @param aheadMs by how much the other's clock is ahead of ours */
export function judgeClock(whose: string, aheadMs: number): Finding {
  const skewSec = Math.round(Math.abs(aheadMs) / 1000);
  if (skewSec <= MAX_SKEW_SEC) return { verdict: 'ok', what: `the clock agrees with that of ${whose}` };
  const what = `the clock is ${skewSec} s ${aheadMs > 0 ? 'behind' : 'ahead of'} that of ${whose}`;
  const advice =
    'Let NTP set the clock of this machine, or of the other: signed URLs, uploads and callbacks depend on it.';
  return { verdict: 'warns', what, advice };
}

/** By the Date of whatever it answers. */
async function askStoreTime(endpoint: string): Promise<number | undefined> {
  try {
    const answer = await fetch(endpoint, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const timeMs = Date.parse(answer.headers.get('date') ?? '');
    return Number.isNaN(timeMs) ? undefined : timeMs;
  } catch {
    return undefined;
  }
}

async function askRedisTime(redisUrl: string): Promise<number | undefined> {
  const answer = await askRedis(redisUrl, (redis) => redis.time());
  return 'value' in answer ? Number(answer.value[0]) * 1000 : undefined;
}
