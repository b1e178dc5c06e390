import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Queues } from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';
import { QUEUES_PATH } from './paths.ts';

/**
 * Bull Board over both queues: what waits, runs and is delayed. Entries hold ids only, so there is nothing to hide.
 * It knows nothing of our records; jobs are retried through the API, which does.
 */
export async function queuesBoard(app: FastifyInstance, { queues }: { queues: Queues }): Promise<void> {
  const serverAdapter = new FastifyAdapter();
  createBullBoard({
    queues: queues.bullQueues.map((queue) => new BullMQAdapter(queue, { allowRetries: false })),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Tapedeck' } },
  });
  serverAdapter.setBasePath(QUEUES_PATH);
  // What it throws is for our own handler: Bull Board's would show the message, and make everything a 500.
  serverAdapter.setErrorHandler((error) => {
    throw error;
  });
  // The guard refuses a viewer's writes; this takes the buttons away.
  app.addHook('preSerialization', async ({ operator }, _reply, payload) =>
    operator.role === 'viewer' ? asReadOnly(payload) : payload,
  );
  await app.register(serverAdapter.registerPlugin(), { prefix: QUEUES_PATH });
}

function asReadOnly(payload: unknown): unknown {
  if (typeof payload !== 'object' || payload === null || !('queues' in payload)) return payload;
  const { queues } = payload;
  if (!Array.isArray(queues)) return payload;
  return { ...payload, queues: queues.map((queue: object) => ({ ...queue, readOnlyMode: true })) };
}
