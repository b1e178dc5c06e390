import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProcessesIn } from '../../support/stack.ts';
import type { Fault as StoreFault } from '../../support/s3-proxy.ts';
import type { History } from './history.ts';
import { createRandom, type Random } from './random.ts';
import type { World } from './world.ts';

/** Each begins, lasts, and is over when it resolves. */
type Fault = (world: World, random: Random) => Promise<void>;

const STORE_FAULTS: readonly StoreFault[] = [
  { answer: 503, code: 'ServiceUnavailable' },
  { answer: 500, code: 'InternalError' },
  ...(['refuse', 'reset', 'cut', 'lose', 'hang'] as const),
];

export const FAULTS: Record<string, Fault> = {
  'worker killed': async ({ workers }, random) => random.pick(workers).kill('SIGKILL'),
  'worker told to stop': async ({ workers }, random) => random.pick(workers).kill('SIGTERM'),
  /** Longer than its lock. */
  async 'worker frozen'({ workers }, random) {
    const worker = random.pick(workers);
    worker.kill('SIGSTOP');
    await sleep(random.between(2_500, 6_000));
    worker.kill('SIGCONT');
  },
  async 'ffmpeg killed'({ disk }) {
    for (const pid of await findFfmpegs(disk.dir)) killIfThere(pid);
  },
  'api killed': async ({ apis }, random) => random.pick(apis).kill('SIGKILL'),
  'api told to stop': async ({ apis }, random) => random.pick(apis).kill('SIGTERM'),
  async 'redis killed'({ redis }, random) {
    await redis.kill();
    await sleep(random.between(0, 4_000));
    await redis.start();
  },
  async 'redis hangs'({ redis }, random) {
    redis.freeze();
    await sleep(random.between(300, 4_000));
    redis.wake();
  },
  async 'redis full'({ redis }, random) {
    await redis.command('CONFIG', 'SET', 'maxmemory', '1000000');
    await sleep(random.between(500, 3_000));
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
  },
  async 'redis emptied'(world) {
    await world.redis.command('FLUSHALL');
    world.lostDataAtMs = Date.now();
  },
  async 'redis rolled back'(world, random) {
    await world.snapshots.take();
    await sleep(random.between(2_000, 8_000));
    await world.snapshots.bringBack();
    world.lostDataAtMs = Date.now();
  },
  async 'store failing'({ proxy }, random) {
    const fault = random.pick(STORE_FAULTS);
    const share = random.pick([0.1, 0.5, 1]);
    // How many requests come is not in the seed; what goes wrong next must be.
    const dice = createRandom(random.between(0, 2 ** 31));
    proxy.failAt(() => (dice.isTrue(share) ? fault : undefined));
    await sleep(random.between(1_000, 5_000));
    proxy.failAt(() => undefined);
  },
  async 'receiver failing'({ receiver }, random) {
    const status = random.pick([500, 503, 429, 408]);
    const headers = { 'retry-after': '1' };
    const delayMs = random.pick([0, 3_000]);
    receiver.answer = () => ({ status, headers, delayMs });
    await sleep(random.between(1_000, 6_000));
    receiver.answer = () => ({ status: 200 });
  },
  async 'source failing'({ source }, random) {
    source.mood = random.pick(['busy', 'truncating']);
    await sleep(random.between(1_000, 4_000));
    source.mood = 'well';
  },
  async 'disk full'({ disk }, random) {
    await disk.fillUpTo(0);
    await sleep(random.between(500, 3_000));
    await disk.free();
  },
};

/** One fault after the other, and some beside each other, until the signal; then everything is well again. */
export async function injectFaults(world: World, history: History, seed: number, signal: AbortSignal): Promise<void> {
  const lane = async (names: readonly string[], random: Random): Promise<void> => {
    while (!signal.aborted) {
      const name = random.pick(names);
      history.note(`fault: ${name}`);
      await FAULTS[name]!(world, random);
      history.note(`over: ${name}`);
      await sleep(random.between(500, 4_000), undefined, { signal }).catch(() => undefined);
    }
  };
  const all = Object.keys(FAULTS);
  // Two that change one thing would undo each other.
  const ofRedis = all.filter((name) => name.startsWith('redis'));
  const others = all.filter((name) => !ofRedis.includes(name));
  await Promise.all([lane(ofRedis, createRandom(seed)), lane(others, createRandom(seed + 1))]);
}

async function findFfmpegs(dir: string): Promise<number[]> {
  const found: number[] = [];
  for (const line of await findProcessesIn(dir)) {
    const pid = Number(line.replace('process ', ''));
    const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    if (command.trim() === 'ffmpeg') found.push(pid);
  }
  return found;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
