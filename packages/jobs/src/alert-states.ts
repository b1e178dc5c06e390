import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

/** By alert, as whoever watches over them wrote it. */
export async function loadAlertStates(redis: Redis): Promise<Record<string, string>> {
  return redis.hgetall(keys.alerts);
}

/** In one step; undefined forgets an alert. */
export async function saveAlertStates(
  redis: Redis,
  states: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const changes = redis.multi();
  for (const [alert, state] of Object.entries(states)) {
    if (state === undefined) changes.hdel(keys.alerts, alert);
    else changes.hset(keys.alerts, alert, state);
  }
  await changes.exec();
}
