import { randomUUID } from 'node:crypto';
import type { Backend } from './backend.ts';
import { keys } from './keys.ts';
import { createScript, type Redis } from './redis.ts';

/**
 * A generation of Redis' data: what one server process has held since it was last compared with the journal. The key
 * names the process, so another one that has loaded the data is told from it: it may have loaded old data, or not all.
 * A key that is gone says that the data is.
 */
export interface Generation {
  /** Changes with every comparison. */
  token: string | null;
  isCurrent: boolean;
}

export async function loadGeneration(redis: Redis): Promise<Generation> {
  const [token, serverId] = await Promise.all([redis.get(keys.generation), loadServerId(redis)]);
  return { token, isCurrent: token !== null && token.startsWith(`${serverId} `) };
}

/** Whether Redis holds all that was written to it, as far as the journal can say. Always, where there is none. */
export async function isCompared({ redis, journal }: Backend): Promise<boolean> {
  return !journal || (await loadGeneration(redis)).isCurrent;
}

/** Whether Redis holds data from before, which nobody has compared: what it says of a job may be over. */
export async function isOld({ redis, journal }: Backend): Promise<boolean> {
  const generation = journal && (await loadGeneration(redis));
  return generation !== undefined && generation.token !== null && !generation.isCurrent;
}

/** Whether Redis has lost nothing since `before` was loaded, and nobody has thought so. */
export async function isUnchanged(redis: Redis, before: Generation): Promise<boolean> {
  const { token, isCurrent } = await loadGeneration(redis);
  return before.isCurrent && isCurrent && before.token === token;
}

async function loadServerId(redis: Redis): Promise<string> {
  const id = /^run_id:(\w+)/m.exec(await redis.info('server'))?.[1];
  if (id === undefined) throw new Error('INFO server: expected a run_id, got none');
  return id;
}

/**
 * Begins a comparison, or joins one: those that go on at the same time share a token, which is gone when the data is.
 * @returns what ends it
 */
export async function beginGeneration(redis: Redis): Promise<{ serverId: string; token: string }> {
  const serverId = await loadServerId(redis);
  await redis.set(keys.nextGeneration, randomUUID(), 'NX');
  return { serverId, token: (await redis.get(keys.nextGeneration)) ?? '' };
}

/** KEYS generation, next; ARGV token, value */
const COMPLETE = createScript(
  `
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2])
  return redis.call('DEL', KEYS[2])
  `,
);

/** Does nothing when the data was lost once more meanwhile, or somebody else has completed it. */
export async function completeGeneration(
  redis: Redis,
  { serverId, token }: { serverId: string; token: string },
): Promise<void> {
  if ((await loadServerId(redis)) !== serverId) return;
  await COMPLETE.run(redis, [keys.generation, keys.nextGeneration], [token, `${serverId} ${token}`]);
}
