import type { SystemAnswer, WorkerView } from '@tapedeck/contracts';
import {
  countCallbacks,
  inspectRedis,
  loadFleet,
  loadStoredBytes,
  QUEUE_NAMES,
  type Backend,
  type Queues,
  type SignOfLife,
} from '@tapedeck/jobs';
import { VERSION, withDeadline } from '@tapedeck/runtime';
import { checkRedis, CHECK_TIMEOUT_MS, type askStorage } from '../checks.ts';
import type { ApiConfig } from '../config.ts';
import { readDisk } from '../read-disk.ts';

export interface SystemOptions extends Backend {
  config: ApiConfig;
  checkStorage: () => ReturnType<typeof askStorage>;
}

/** Everything that runs, part by part: one that does not answer in time is told as such, and hides no other. */
export async function loadSystem({ redis, queues, checkStorage, config }: SystemOptions): Promise<SystemAnswer> {
  const [redisCheck, report, storage, storedBytes, disk, queueViews, fleet, callbacks] = await Promise.all([
    checkRedis(redis),
    orElse('inspecting Redis', () => inspectRedis(redis), undefined),
    checkStorage(),
    orElse('counting what is stored', () => loadStoredBytes(redis), 0),
    orElse('measuring the disk', () => readDisk(config.dataDir), null),
    orElse('listing queues', () => viewQueues(queues), []),
    orElse('listing workers', () => loadFleet(redis), { alive: [], lost: [] }),
    orElse('counting callbacks', () => countCallbacks(redis), { pending: 0, exhausted: 0 }),
  ]);
  return {
    atMs: Date.now(),
    api: {
      version: VERSION,
      uptimeSec: Math.round(process.uptime()),
      nodeVersion: process.versions.node,
      memoryBytes: process.memoryUsage.rss(),
    },
    redis: { ...redisCheck, usedBytes: report?.usedBytes ?? null, maxBytes: report?.maxBytes ?? null },
    storage: { ...storage, storedBytes },
    disk,
    queues: queueViews,
    workers: fleet.alive.map(viewWorker).toSorted((a, b) => a.workerId.localeCompare(b.workerId)),
    lostWorkers: fleet.lost,
    callbacks,
  };
}

/** What is away is told by the checks. */
async function orElse<T, Otherwise>(
  what: string,
  load: () => Promise<T>,
  otherwise: Otherwise,
): Promise<T | Otherwise> {
  return withDeadline(load(), CHECK_TIMEOUT_MS, what).catch(() => otherwise);
}

async function viewQueues(queues: Queues): Promise<SystemAnswer['queues']> {
  const [counts, paused] = await Promise.all([queues.countEntries(), queues.listPaused()]);
  return QUEUE_NAMES.map((name) => ({ name, isPaused: paused.includes(name), ...counts[name] }));
}

function viewWorker(sign: SignOfLife): WorkerView {
  return { ...sign, memory: sign.memory ?? null, totalDiskBytes: sign.totalDiskBytes ?? null };
}
