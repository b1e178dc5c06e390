import type { Redis } from '@tapedeck/jobs';
import { withDeadline } from '@tapedeck/runtime';
import type { ObjectStore } from '@tapedeck/transfer';

export const CHECK_TIMEOUT_MS = 2_000;

/** Whether something answered, and how soon. */
export interface Check {
  ok: boolean;
  latencyMs: number;
}

export async function checkRedis(redis: Redis): Promise<Check> {
  return check('Redis', () => redis.ping());
}

export async function askStorage(store: ObjectStore): Promise<Check & Pick<ObjectStore, 'driver'>> {
  const result = await check('the store', () => store.check(AbortSignal.timeout(CHECK_TIMEOUT_MS)));
  return { ...result, driver: store.driver };
}

async function check(what: string, ask: () => Promise<unknown>): Promise<Check> {
  const startedAt = performance.now();
  const ok = await withDeadline(ask(), CHECK_TIMEOUT_MS, what).then(
    () => true,
    () => false,
  );
  return { ok, latencyMs: Math.round(performance.now() - startedAt) };
}
