import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { countOpen, findBrokenPromises, findLeaks, findLeftovers } from './check.ts';
import { runClients } from './clients.ts';
import { injectFaults } from './faults.ts';
import { openHistory } from './history.ts';
import { createRandom } from './random.ts';
import { isReady, openWorld, type World } from './world.ts';

export interface SoakResult {
  /** One line for each promise that was not kept. */
  broken: string[];
  /** How often each thing happened. */
  counts: ReadonlyMap<string, number>;
  jobs: number;
  /** `api-0: 120 MiB, 30 files`, at the end. */
  sizes: string[];
  /** The history and the processes' logs; removed when nothing is broken. */
  dir: string;
}

/** For jobs to end once all is well: their attempts, the sweeps, and the wait before the next try of a callback. */
const DRAIN_MS = 180_000;

/**
 * Callers submit and operators steer while everything fails, one thing after the other; then nothing does, and what the
 * callers were told is compared with what there is.
 */
export async function runSoak(options: { seed: number; durationMs: number; signal: AbortSignal }): Promise<SoakResult> {
  const { seed, durationMs } = options;
  const dir = join(tmpdir(), `tapedeck-soak-${seed}-${process.pid}`);
  await mkdir(dir, { recursive: true });
  const history = openHistory(join(dir, 'history'));
  const world = await openWorld(dir, history);
  const broken: string[] = [];
  let sizes: string[] = [];
  try {
    const failed = new AbortController();
    const signal = AbortSignal.any([options.signal, failed.signal, AbortSignal.timeout(durationMs)]);
    const faults = injectFaults(world, history, seed, signal).catch((error: unknown) => failed.abort(error));
    const clients = [2, 3].map((client) => runClients(world, history, createRandom(seed + client), signal));
    await Promise.all([...clients, faults]);
    failed.signal.throwIfAborted();
    history.note('all is well');
    await drain(world, async () => (await countOpen(world, history)) + (await findLeftovers(world)).length);
    sizes = await describeSizes(world);
    broken.push(...(await findBrokenPromises(world, history)), ...(await findLeaks(world)));
  } finally {
    const { exitCodes } = await world.stop();
    if (exitCodes.some((code) => code !== 0)) broken.push(`the last processes ended with ${exitCodes.join()}`);
    await history.close();
  }
  if (broken.length === 0) await rm(dir, { recursive: true });
  return { broken, counts: history.counts, jobs: history.promised.size, sizes, dir };
}

/** Waits until nothing is left of what is counted; what is left at the end is found by the check. */
async function drain(world: World, count: () => Promise<number>): Promise<void> {
  const deadline = Date.now() + DRAIN_MS;
  while (Date.now() < deadline) {
    const left = await count().catch(() => undefined);
    if (left === 0 && (await isReady(world))) return;
    await sleep(500);
  }
}

async function describeSizes({ apis, workers }: World): Promise<string[]> {
  const sizes = [...apis, ...workers].map(async (service) => {
    const size = await service.measure();
    return `${service.name}: ${size?.residentMib} MiB, ${size?.files} files`;
  });
  return Promise.all(sizes);
}
