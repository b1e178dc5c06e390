import { setTimeout as sleep } from 'node:timers/promises';
import { JobError, type JobView } from '@tapedeck/contracts';
import { cancelJob, loadRecord, replayCallback, retryJob, type JobRecord } from '@tapedeck/jobs';
import type { FastifyInstance } from 'fastify';
import type { ApiConfig } from '../config.ts';
import { orUnavailable, requireRecord, viewOf, type JobAccess } from '../job-access.ts';

export interface SteerOptions extends JobAccess {
  config: ApiConfig;
}

type JobRoute = { Params: { jobId: string } };

/**
 * Changing jobs by hand. Every change may be asked for again, from any replica of the API: what holds already is
 * answered with the job as it is, what cannot be any more with 409.
 */
export async function steerRoutes(app: FastifyInstance, options: SteerOptions): Promise<void> {
  const { redis } = options;

  app.post<JobRoute>('/api/jobs/:jobId/cancel', { config: { audit: 'job.cancel' } }, ({ params }, reply) =>
    orUnavailable(async () => {
      const record = await cancelAndWait(options, await requireRecord(redis, params.jobId));
      const isOver = record.finishedAtMs !== undefined;
      if (isOver && record.status !== 'canceled') throw conflict('expected a job that has not ended', record);
      // 202: it is on its way, and nobody needs to ask again.
      return reply.code(isOver ? 200 : 202).send(await viewOf(options, record));
    }),
  );
  app.post<JobRoute>('/api/jobs/:jobId/retry', { config: { audit: 'job.retry' } }, ({ params }, reply) =>
    orUnavailable(async () => reply.code(202).send(await retry(options, await requireRecord(redis, params.jobId)))),
  );
  app.post<JobRoute>('/api/jobs/:jobId/callback', { config: { audit: 'job.callback' } }, ({ params }, reply) =>
    orUnavailable(async () => reply.code(202).send(await replay(options, await requireRecord(redis, params.jobId)))),
  );
}

/** An FFmpeg ends within two seconds. */
const CANCEL_WAIT_MS = 3_000;
const ASK_AGAIN_MS = 100;

/** @returns the record when it has ended, or as it is when nobody has ended it so soon */
export async function cancelAndWait(options: SteerOptions, record: JobRecord): Promise<JobRecord> {
  const { redis, config } = options;
  const [firstWaitMs = 0] = config.CALLBACK_SCHEDULE_MS;
  const deadline = performance.now() + CANCEL_WAIT_MS;
  let result = await cancelJob(options, record, firstWaitMs);
  for (;;) {
    const now = (await loadRecord(redis, record.jobId)) ?? record;
    if (now.finishedAtMs !== undefined || performance.now() > deadline) return now;
    await sleep(ASK_AGAIN_MS);
    // Its attempt may have given it back meanwhile.
    if (now.status === 'queued' && result === 'requested') result = await cancelJob(options, now, firstWaitMs);
  }
}

async function retry(options: SteerOptions, record: JobRecord): Promise<JobView> {
  const { redis } = options;
  const result = await retryJob(options, record);
  if (result === 'refused') throw conflict('expected a job that failed or was canceled', record);
  if (result === 'gone') throw new JobError('NOT_FOUND', 'no job has this id');
  if (result === 'canceling') throw conflict('it is being canceled; expected one that has ended', record);
  if (result === 'replaced') throw conflict('another job does the same already', record);
  return viewOf(options, await requireRecord(redis, record.jobId));
}

async function replay(options: SteerOptions, record: JobRecord): Promise<JobView> {
  const { redis } = options;
  if (!(await replayCallback(options, record))) throw conflict('expected a job that has ended', record);
  return viewOf(options, await requireRecord(redis, record.jobId));
}

function conflict(expected: string, { status }: JobRecord): JobError {
  return new JobError('JOB_STATE_CONFLICT', `${expected}, and it is ${status}`);
}
