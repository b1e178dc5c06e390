import type { SystemAnswer, WorkerView } from '@tapedeck/contracts';
import {
  countCallbacks,
  inspectRedis,
  loadFleet,
  loadStoredBytes,
  type Fleet,
  QUEUE_NAMES,
  type Backend,
  type Queues,
  type SignOfLife,
} from '@tapedeck/jobs';
import { VERSION, withDeadline } from '@tapedeck/runtime';
import type { FastifyBaseLogger } from 'fastify';
import { checkRedis, CHECK_TIMEOUT_MS, type askStorage } from '../checks.ts';
import type { ApiConfig } from '../config.ts';
import { readDisk } from '../read-disk.ts';

export interface SystemOptions extends Backend {
  config: ApiConfig;
  checkStorage: () => ReturnType<typeof askStorage>;
  log: FastifyBaseLogger;
}

/** Everything that runs, part by part: what does not answer in time is null, and hides no other. */
export async function loadSystem(options: SystemOptions): Promise<SystemAnswer> {
  const { redis, queues, checkStorage, config, log } = options;
  const orNull = <T>(what: string, load: () => Promise<T>): Promise<T | null> =>
    withDeadline(load(), CHECK_TIMEOUT_MS, what).catch((error: unknown) => {
      log.warn({ err: error }, 'a part of the system does not answer');
      return null;
    });
  const [redisCheck, report, storage, storedBytes, disk, queueViews, fleet, callbacks] = await Promise.all([
    checkRedis(redis),
    orNull('inspecting Redis', () => inspectRedis(redis)),
    checkStorage(),
    orNull('counting what is stored', () => loadStoredBytes(redis)),
    orNull('measuring the disk', () => readDisk(config.dataDir)),
    orNull('listing queues', () => viewQueues(queues)),
    orNull('listing workers', () => loadFleet(redis)),
    orNull('counting callbacks', () => countCallbacks(redis)),
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
    workers: fleet && viewWorkers(fleet),
    lostWorkers: fleet?.lost ?? [],
    callbacks,
  };
}

async function viewQueues(queues: Queues): Promise<SystemAnswer['queues']> {
  const [counts, paused] = await Promise.all([queues.countEntries(), queues.listPaused()]);
  return QUEUE_NAMES.map((name) => ({ name, isPaused: paused.includes(name), ...counts[name] }));
}

function viewWorkers({ alive, standIns }: Fleet): WorkerView[] {
  return [...alive, ...standIns].map(viewWorker).toSorted((a, b) => a.workerId.localeCompare(b.workerId));
}

function viewWorker({ keep: _keep, ...sign }: SignOfLife): WorkerView {
  return { ...sign, memory: sign.memory ?? null, totalDiskBytes: sign.totalDiskBytes ?? null };
}
