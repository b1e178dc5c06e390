import { Readable } from 'node:stream';
import { JobError, type JobView } from '@tapedeck/contracts';
import { loadRecord, type JobRecord, type JobWatcher } from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';
import { orUnavailable, requireRecord, viewOf, type JobAccess } from '../job-access.ts';

export interface JobEventsOptions extends JobAccess {
  watcher: JobWatcher;
}

/** Proxies close what is silent for a minute. */
const HEARTBEAT_MS = 15_000;
/** How long a client waits before it connects again: not all at once, when a replica was restarted. */
const RETRY_MS = { least: 1_000, spread: 3_000 };
/** Of this process: each holds a connection. */
const MAX_STREAMS = 500;

/**
 * `GET /api/jobs/:jobId/events`: the job at every change, as server-sent events (HTML, 9.2). An event's id is the
 * version of the record. A client that comes back with the last one it had gets the job as it is now, if it has changed:
 * what it missed in between is in that. Nothing is kept for clients.
 *
 * The stream ends when the job has ended and its callback is delivered, given up or nobody's: who comes back then is
 * told with 204 to stay away.
 */
export async function jobEventRoute(app: FastifyInstance, { watcher, ...access }: JobEventsOptions): Promise<void> {
  const watching = new Set<AbortController>();
  // A server that waited for its streams to end would wait for the longest conversion.
  app.addHook('preClose', async () => watching.forEach((leaving) => leaving.abort()));

  app.get<{ Params: { jobId: string } }>('/api/jobs/:jobId/events', async ({ params, headers }, reply) => {
    // Before anything is waited for: whoever hangs up meanwhile must not keep a place.
    const leaving = new AbortController();
    reply.raw.once('close', () => {
      leaving.abort();
      watching.delete(leaving);
    });
    const record = await orUnavailable(() => requireRecord(access.redis, params.jobId));
    const seen = parseVersion(headers['last-event-id']);
    if (isOver(record) && seen === record.version) return reply.code(204).send();
    if (watching.size >= MAX_STREAMS) throw new JobError('QUEUE_UNAVAILABLE', 'too many are watching jobs already');
    if (!leaving.signal.aborted) watching.add(leaving);
    const stream = Readable.from(streamChanges({ watcher, ...access }, record.jobId, seen, leaving.signal));
    stream.once('error', (error) =>
      reply.log.warn({ err: error, jobId: record.jobId }, 'a stream of events broke off'),
    );
    return reply
      .header('content-type', 'text/event-stream')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(stream);
  });
}

function parseVersion(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

function isOver({ finishedAtMs, callbackStatus }: JobRecord): boolean {
  return finishedAtMs !== undefined && callbackStatus !== 'pending';
}

async function* streamChanges(
  { watcher, ...access }: JobEventsOptions,
  jobId: string,
  seenVersion: number | undefined,
  leaving: AbortSignal,
): AsyncGenerator<string> {
  const changes = createSignal();
  const stop = await watcher.watch(jobId, changes.raise);
  leaving.addEventListener('abort', changes.raise);
  try {
    yield `retry: ${RETRY_MS.least + Math.floor(Math.random() * RETRY_MS.spread)}\n\n`;
    for (let version = seenVersion; !leaving.aborted;) {
      const record = await loadRecord(access.redis, jobId);
      if (!record || record.deletedAtMs !== undefined) return;
      if (record.version !== version) yield toEvent(record, await viewOf(access, record));
      version = record.version;
      if (isOver(record)) return;
      // And looks again: news may have gone by while the connection for it was made anew.
      if (!(await changes.wait(HEARTBEAT_MS))) yield ': still here\n\n';
    }
  } finally {
    stop();
  }
}

function toEvent({ version }: JobRecord, view: JobView): string {
  return `id: ${version}\ndata: ${JSON.stringify(view)}\n\n`;
}

/** Raised any number of times, waited for once: what happens while nobody waits is not missed. */
function createSignal() {
  let isRaised = false;
  let wake: (() => void) | undefined;
  return {
    raise(): void {
      isRaised = true;
      wake?.();
    },
    /** @returns false when nothing was raised in time */
    async wait(timeoutMs: number): Promise<boolean> {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        timer = setTimeout(resolve, timeoutMs);
        if (isRaised) resolve();
      });
      clearTimeout(timer);
      const wasRaised = isRaised;
      isRaised = false;
      return wasRaised;
    },
  };
}
