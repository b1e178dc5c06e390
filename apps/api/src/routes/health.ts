import { loadFleet, type Fleet, type Queues, type Redis, type SignOfLife } from '@tapedeck/jobs';
import { VERSION, withDeadline } from '@tapedeck/runtime';
import type { ObjectStore } from '@tapedeck/transfer';
import type { FastifyInstance } from 'fastify';
import type { ApiConfig } from '../config.ts';
import { askStorage, checkRedis, CHECK_TIMEOUT_MS } from '../checks.ts';
import { readDisk } from '../read-disk.ts';
import { shareAnswers } from '../share-answers.ts';

export interface HealthOptions {
  config: ApiConfig;
  redis: Redis;
  queues: Queues;
  store: ObjectStore;
}

/**
 * Three questions of three askers: `live`, restart me? (never because of others); `ready`, send me requests?
 * (Redis and the store answer); `/health`, what does a person want to know?
 */
export async function healthRoutes(app: FastifyInstance, options: HealthOptions): Promise<void> {
  const checkStorage = shareAnswers(() => askStorage(options.store));

  app.get('/health/live', async () => ({ status: 'ok' }));

  app.get('/health/ready', async (_request, reply) => {
    const [redis, storage] = await Promise.all([checkRedis(options.redis), checkStorage()]);
    const isReady = redis.ok && storage.ok;
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ok' : 'unavailable', checks: { redis, storage } });
  });

  app.get('/health', async (_request, reply) => {
    const [redis, storage, fleet, paused, disk] = await Promise.all([
      checkRedis(options.redis),
      checkStorage(),
      withDeadline(loadFleet(options.redis), CHECK_TIMEOUT_MS, 'listing workers').catch((): Fleet => NOBODY),
      withDeadline(options.queues.listPaused(), CHECK_TIMEOUT_MS, 'listing queues').catch((): string[] => []),
      readDisk(options.config.dataDir),
    ]);
    const { alive, standIns } = fleet;
    const converting = [...alive, ...standIns];
    const ffmpegVersion = converting.find((worker) => worker.ffmpegVersion)?.ffmpegVersion ?? null;
    const works = redis.ok && storage.ok;
    // A stand-in is one conversion at a time, and somebody should know that it has come to that.
    const takesJobs = alive.some(({ isPaused }) => !isPaused) && paused.length === 0;
    return reply.code(works ? 200 : 503).send({
      status: !works ? 'unavailable' : takesJobs ? 'ok' : 'degraded',
      version: VERSION,
      uptime: Math.round(process.uptime()),
      checks: {
        redis,
        storage,
        // FFmpeg is the workers': the API's image has none by default.
        ffmpeg: { available: ffmpegVersion !== null, version: ffmpegVersion },
        protections: summarizeProtections(converting),
        queues: { paused },
        workers: { alive: alive.length, busy: countBusy(alive) },
        inline: {
          enabled: options.config.CONVERT_INLINE,
          active: standIns.length > 0,
          busy: countBusy(standIns),
        },
        disk,
      },
    });
  });
}

const NOBODY: Fleet = { alive: [], standIns: [], lost: [] };

function countBusy(workers: readonly SignOfLife[]): number {
  return workers.reduce((sum, { busy }) => sum + busy, 0);
}

/** Held is what every worker has; missing, what one of them has not. */
function summarizeProtections(workers: readonly SignOfLife[]) {
  const missing = [...new Set(workers.flatMap(({ protections }) => protections.missing))];
  const held = new Set(workers.flatMap(({ protections }) => protections.held));
  return { held: [...held].filter((name) => !missing.includes(name)), missing };
}
