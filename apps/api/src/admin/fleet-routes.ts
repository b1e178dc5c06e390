import {
  activityQuerySchema,
  auditQuerySchema,
  chartsQuerySchema,
  JobError,
  parseInput,
  testCallbackRequestSchema,
  type ActivityAnswer,
  type AuditAnswer,
  type ChartsAnswer,
  type ErrorsAnswer,
  type SystemAnswer,
  type TestCallbackAnswer,
} from '@tapedeck/contracts';
import {
  loadActivity,
  loadAudit,
  loadErrorGroups,
  loadHours,
  pauseWorker,
  QUEUE_NAMES,
  resumeWorker,
  testCallback,
  type Backend,
} from '@tapedeck/jobs';
import { assertUrlAllowed, type ObjectStore } from '@tapedeck/transfer';
import type { FastifyInstance } from 'fastify';
import { askStorage } from '../checks.ts';
import type { ApiConfig } from '../config.ts';
import { orUnavailable, requireValid } from '../job-access.ts';
import { shareAnswers } from '../share-answers.ts';
import { createTurns } from '../take-turns.ts';
import { ADMIN_API_PATH } from './paths.ts';
import { loadSystem } from './system.ts';

export interface FleetOptions extends Backend {
  config: ApiConfig;
  store: ObjectStore;
}

/** One at a time: a receiver that never answers must not keep workers from real callbacks. */
const TESTS = { what: 'test callbacks', maxWaiting: 5, maxWaitMs: 20_000 };

/** What the operators' page shows of all jobs and of what works on them, and what it can do to those. */
export async function fleetRoutes(app: FastifyInstance, options: FleetOptions): Promise<void> {
  const inTurn = createTurns(TESTS);
  readRoutes(app, options);
  pauseRoutes(app, options);

  app.post(
    `${ADMIN_API_PATH}/test-callback`,
    { config: { audit: 'callback.test' } },
    ({ body }): Promise<TestCallbackAnswer> => {
      const { callbackUrl } = requireValid(parseInput(testCallbackRequestSchema, body)).value;
      assertUrlAllowed(callbackUrl, options.config.urlPolicy, 'CALLBACK_URL_REFUSED');
      return orUnavailable(() => inTurn(() => testCallback(options, callbackUrl)));
    },
  );
}

function readRoutes(app: FastifyInstance, options: FleetOptions): void {
  const { redis } = options;
  // A page that is open on many screens asks the store no more often than one does.
  const checkStorage = shareAnswers(() => askStorage(options.store));

  app.get(`${ADMIN_API_PATH}/charts`, ({ query }) =>
    orUnavailable(async (): Promise<ChartsAnswer> => {
      const { hours } = requireValid(parseInput(chartsQuerySchema, query)).value;
      return { hours: await loadHours(redis, hours) };
    }),
  );
  app.get(`${ADMIN_API_PATH}/errors`, () =>
    orUnavailable(async (): Promise<ErrorsAnswer> => ({ groups: await loadErrorGroups(redis) })),
  );
  app.get(`${ADMIN_API_PATH}/activity`, ({ query }) =>
    orUnavailable(async (): Promise<ActivityAnswer> => {
      const { limit } = requireValid(parseInput(activityQuerySchema, query)).value;
      return { entries: await loadActivity(redis, limit) };
    }),
  );
  app.get(`${ADMIN_API_PATH}/audit`, ({ query }) =>
    orUnavailable(async (): Promise<AuditAnswer> => {
      const { limit, before } = requireValid(parseInput(auditQuerySchema, query)).value;
      return loadAudit(redis, { limit, before });
    }),
  );
  app.get(`${ADMIN_API_PATH}/system`, ({ log }): Promise<SystemAnswer> =>
    loadSystem({ ...options, checkStorage, log }),
  );
}

/** Each may be asked for again: what holds already is done. */
function pauseRoutes(app: FastifyInstance, { redis, queues }: FleetOptions): void {
  for (const action of ['pause', 'resume'] as const) {
    const isPaused = action === 'pause';
    app.post<{ Params: { name: string } }>(
      `${ADMIN_API_PATH}/queues/:name/${action}`,
      { config: { audit: `queue.${action}` } },
      ({ params }) =>
        orUnavailable(async () => {
          const name = QUEUE_NAMES.find((known) => known === params.name);
          if (!name) throw new JobError('NOT_FOUND', 'no queue has this name');
          await queues[action](name);
          return { name, isPaused };
        }),
    );
    app.post<{ Params: { workerId: string } }>(
      `${ADMIN_API_PATH}/workers/:workerId/${action}`,
      { config: { audit: `worker.${action}` } },
      ({ params: { workerId } }) =>
        orUnavailable(async () => {
          await (isPaused ? pauseWorker : resumeWorker)(redis, workerId);
          return { workerId, isPaused };
        }),
    );
  }
}
