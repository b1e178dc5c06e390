import { cleanupRequestSchema, JobError, parseInput, type CleanupLine } from '@tapedeck/contracts';
import { listConverting, type Backend, type KeepTimes, type Redis } from '@tapedeck/jobs';
import { cleanUp, type Deed, type Results } from '@tapedeck/upkeep';
import type { FastifyInstance } from 'fastify';
import { orUnavailable, requireValid } from '../job-access.ts';
import { createLineStreams } from './line-stream.ts';
import { ADMIN_API_PATH } from './paths.ts';

export interface CleanupOptions extends Results {
  backend: Backend;
}

/** More than these are counted, and not told one by one, for one who does not read as fast as it is done. */
const MAX_UNREAD = 1_000;

/**
 * `POST /admin/api/cleanup`: what the workers do by the schedule, now; with dryRun, what there would be to do. How long
 * things are kept is what the workers say: this process may have been told otherwise, or nothing.
 */
export async function cleanupRoute(app: FastifyInstance, options: CleanupOptions): Promise<void> {
  const streams = createLineStreams(app);
  app.post(`${ADMIN_API_PATH}/cleanup`, { config: { audit: 'cleanup.run' } }, async (request, reply) => {
    const { dryRun, only } = requireValid(parseInput(cleanupRequestSchema, request.body ?? {})).value;
    request.about = `${only.join(', ')}${dryRun ? ' (dry run)' : ''}`;
    const keep = await orUnavailable(() => loadKeepTimes(options.redis));
    const report = createReport();
    return streams.send(reply, report.take, (signal) =>
      cleanUp(only, { ...options, keep, dryRun, onDeed: report.add, signal }),
    );
  });
}

/** The most careful of what the workers say. @throws JobError QUEUE_UNAVAILABLE */
async function loadKeepTimes(redis: Redis): Promise<KeepTimes> {
  const said = (await listConverting(redis)).flatMap(({ keep }) => keep ?? []);
  if (said.length === 0) throw new JobError('QUEUE_UNAVAILABLE', 'no worker is there to say how long things are kept');
  const longest = (name: Exclude<keyof KeepTimes, 'resultsMs'>): number => Math.max(...said.map((keep) => keep[name]));
  const results = said.map(({ resultsMs }) => resultsMs);
  return {
    supersededMs: longest('supersededMs'),
    recordsMs: longest('recordsMs'),
    resultsMs: results.includes(null) ? null : Math.max(...results.map(Number)),
    quietMs: longest('quietMs'),
    stuckAfterMs: longest('stuckAfterMs'),
  };
}

function createReport() {
  let unread: CleanupLine[] = [];
  const counts = { done: 0, skipped: 0, failed: 0, freedBytes: 0 };
  return {
    add({ outcome, about, what, sizeBytes }: Deed): void {
      counts[outcome] += 1;
      if (outcome === 'done') counts.freedBytes += sizeBytes ?? 0;
      if (unread.length < MAX_UNREAD) unread.push({ outcome, about, what, sizeBytes: sizeBytes ?? null });
    },
    take(isOver: boolean): CleanupLine[] {
      const taken = unread;
      unread = [];
      return isOver ? [...taken, { isOver: true, ...counts }] : taken;
    },
  };
}
