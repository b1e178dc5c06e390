import { timingSafeEqual } from 'node:crypto';
import { JobError } from '@tapedeck/contracts';
import { countByStatus, loadStoredBytes, loadTallies, loadVitals, type Backend } from '@tapedeck/jobs';
import { digestToken } from '@tapedeck/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client';
import { readDisk } from '../read-disk.ts';
import { orUnavailable } from '../job-access.ts';
import { buildFleetMetrics } from './fleet-metrics.ts';

export interface MetricsOptions extends Backend {
  config: { METRICS_TOKEN: string | undefined; dataDir: string };
}

/**
 * `GET /metrics`: whichever replica is asked answers for the whole fleet, because all of it is counted in Redis. Only
 * Node's own metrics are those of the process that answers.
 */
export async function metricsRoute(app: FastifyInstance, { config, ...backend }: MetricsOptions): Promise<void> {
  const own = new Registry();
  collectDefaultMetrics({ register: own });

  app.get('/metrics', async (request, reply) => {
    if (config.METRICS_TOKEN !== undefined) assertToken(request, config.METRICS_TOKEN);
    const metrics = buildFleetMetrics(await orUnavailable(() => loadReadings(backend, config.dataDir)));
    const registry = AggregatorRegistry.aggregate([metrics, await own.getMetricsAsJSON()]);
    return reply.type(Registry.PROMETHEUS_CONTENT_TYPE).send(await registry.metrics());
  });
}

async function loadReadings(backend: Backend, dataDir: string) {
  const { redis } = backend;
  const [vitals, tallies, jobs, storedBytes, disk] = await Promise.all([
    loadVitals(backend),
    loadTallies(redis),
    countByStatus(redis),
    loadStoredBytes(redis),
    readDisk(dataDir),
  ]);
  const dataDiskUsedRatio = disk ? 1 - disk.freeBytes / disk.totalBytes : undefined;
  return { vitals, tallies, jobs, storedBytes, dataDiskUsedRatio };
}

/** @throws JobError UNAUTHORIZED */
function assertToken({ headers }: FastifyRequest, expected: string): void {
  const token = /^Bearer +(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  if (timingSafeEqual(digestToken(token), digestToken(expected))) return;
  throw new JobError('UNAUTHORIZED', 'expected the header Authorization: Bearer, with METRICS_TOKEN');
}
