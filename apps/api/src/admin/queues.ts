import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { JobError } from '@tapedeck/contracts';
import { anyCallbackEntrySchema, CALLBACKS, type Queues } from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { AuditAction } from '../plugins/audit.ts';
import { isRead } from '../plugins/is-read.ts';
import { QUEUES_PATH } from './paths.ts';

export interface QueuesBoardOptions {
  queues: Queues;
  /** Where this runs, for the badge; empty for none. */
  environmentName: string;
}

const HARMLESS_WRITES = new Map<string, AuditAction>([
  ['/api/queues/pause', 'queue.pause'],
  ['/api/queues/resume', 'queue.resume'],
  ['/api/queues/:queueName/pause', 'queue.pause'],
  ['/api/queues/:queueName/resume', 'queue.resume'],
  ['/api/queues/:queueName/promote', 'queue.promote'],
  ['/api/queues/:queueName/:jobId/promote', 'queue.promote'],
]);

/**
 * Bull Board over both queues: what waits, runs and is delayed. Entries hold ids and a slug, so there is nothing to hide.
 * It knows nothing of our records, which are the truth about a job: whatever makes, changes or removes entries would go
 * past them, and is refused to admins, too. They pause and resume here, and let go ahead what waits for its time; jobs
 * are canceled, retried and deleted through the API.
 */
export async function queuesBoard(
  app: FastifyInstance,
  { queues, environmentName }: QueuesBoardOptions,
): Promise<void> {
  const serverAdapter = new FastifyAdapter();
  createBullBoard({
    queues: queues.bullQueues.map(createAdapter),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Tapedeck', ...(environmentName && { environment: badge(environmentName) }) } },
  });
  serverAdapter.setBasePath(QUEUES_PATH);
  // What it throws is for our own handler: Bull Board's would show the message, and make everything a 500.
  serverAdapter.setErrorHandler((error) => {
    throw error;
  });
  app.addHook('onRoute', (route) => {
    const audit = HARMLESS_WRITES.get(route.url.slice(QUEUES_PATH.length));
    if (audit) route.config = { ...route.config, audit };
  });
  app.addHook('onRequest', async (request) => {
    const isHarmless = request.routeOptions.config.audit !== undefined;
    if (isRead(request) || isHarmless) return;
    throw new JobError('FORBIDDEN', 'this would go past the records of the jobs: use the API');
  });
  // The guard refuses a viewer's writes; this takes the buttons away.
  app.addHook('preSerialization', async ({ operator }, _reply, payload) =>
    operator?.role === 'viewer' ? asReadOnly(payload) : payload,
  );
  await app.register(serverAdapter.registerPlugin(), { prefix: QUEUES_PATH });
}

/** A callback's entry has only ids; a conversion's is named when it is made. */
function createAdapter(queue: Queues['bullQueues'][number]): BullMQAdapter {
  const adapter = new BullMQAdapter(queue, { allowRetries: false });
  if (queue.name === CALLBACKS) adapter.setFormatter('name', nameCallback);
  return adapter;
}

const callbackSchema = z.object({ data: anyCallbackEntrySchema });

function nameCallback(entry: unknown): string {
  const { data } = callbackSchema.safeParse(entry);
  if (!data) return CALLBACKS;
  return 'testId' in data.data ? 'test callback' : `callback of ${data.data.jobId}`;
}

/** Whoever pauses the wrong queue has looked at the wrong page. */
function badge(label: string): { label: string; color: string } {
  return { label, color: /^prod/i.test(label) ? '#b00020' : '#2e7d32' };
}

function asReadOnly(payload: unknown): unknown {
  if (typeof payload !== 'object' || payload === null || !('queues' in payload)) return payload;
  const { queues } = payload;
  if (!Array.isArray(queues)) return payload;
  return { ...payload, queues: queues.map((queue: object) => ({ ...queue, readOnlyMode: true })) };
}
