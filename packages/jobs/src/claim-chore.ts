import { randomUUID } from 'node:crypto';
import { keys } from './keys.ts';
import { createScript, type Redis } from './redis.ts';

/** KEYS claim; ARGV token */
const RELEASE = createScript(
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
);

/** KEYS claim; ARGV token, ms */
const RENEW = createScript(
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`,
);

/** A chore that is this worker's for the time that it was claimed for. */
export interface ChoreClaim {
  /** It stays this worker's while the work lasts, and runs out by itself afterwards. */
  keepWhile(work: () => Promise<unknown>): Promise<void>;
  /** For work that lasts as long as it is needed. @returns false when the claim has run out: it may be another's */
  renew(): Promise<boolean>;
  /** Whoever asks next gets it at once. */
  release(): Promise<void>;
}

/** Work that takes longer hangs, whatever deadlines it has: another worker may try. */
const MAX_WORK_MS = 3_600_000;

/**
 * Some things need doing now and then, by one worker for all. Every worker asks each time; one of them gets it.
 * Who dies with it is followed by another when the claim runs out: there is nothing to hand over, and nothing to set up
 * again once Redis has lost its data.
 * @returns undefined when it is another worker's
 */
export async function claimChore(redis: Redis, name: string, claimMs: number): Promise<ChoreClaim | undefined> {
  const key = keys.chore(name);
  const token = randomUUID();
  if ((await redis.set(key, token, 'PX', claimMs, 'NX')) === null) return undefined;
  const renew = async (): Promise<boolean> => (await RENEW.run(redis, [key], [token, claimMs])) === 1;
  return {
    renew,
    async keepWhile(work) {
      const isHangingAtMs = performance.now() + MAX_WORK_MS;
      const renewal = setInterval(() => {
        if (performance.now() < isHangingAtMs) renew().catch(() => undefined);
      }, claimMs / 3);
      await work().finally(() => clearInterval(renewal));
    },
    async release() {
      await RELEASE.run(redis, [key], [token]);
    },
  };
}
