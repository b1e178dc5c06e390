import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { JobError } from '@tapedeck/contracts';
import { prepareTools } from '@tapedeck/conversion';
import {
  connectRedis,
  createJournal,
  listenForCancellations,
  listenForPauses,
  openQueues,
  reportGone,
  waitForRedis,
  type Backend,
  type Journal,
  type Redis,
} from '@tapedeck/jobs';
import { describeProtections } from '@tapedeck/media';
import {
  ConfigError,
  createLogger,
  createThrottledErrorLog,
  hideFromLogs,
  keepLogDir,
  loadConfigOrExit,
  RESTART_EXIT_CODE,
  runProcess,
  VERSION,
  withDeadline,
} from '@tapedeck/runtime';
import { createGuardedAgent, createObjectLog, createObjectStore, type ObjectStore } from '@tapedeck/transfer';
import { stuckLimits } from '@tapedeck/upkeep';
import { createCleanups } from './cleanups.ts';
import { createComparer } from './comparison.ts';
import { loadConfig } from './config.ts';
import { createConsumer, type Consumer } from './consume.ts';
import { createDeliverer } from './deliver-callbacks.ts';
import { abortDeadUploads } from './abort-dead-uploads.ts';
import { keepHouse, showLife, type HousekeepingOptions } from './housekeeping.ts';
import { createMemoryWatch, type MemoryWatch } from './memory-watch.ts';
import { readMemory } from './read-memory.ts';
import { createWorkspaces, type Workspaces } from './workspace.ts';

const config = loadConfigOrExit(() => loadConfig(process.env));
const hidden = hideFromLogs(process.env, {
  ...{ DATA_DIR: resolve(config.DATA_DIR), WORK_DIR: config.workDir },
  ...(config.logDir && { LOG_DIR: config.logDir }),
});
const logger = loadConfigOrExit(() =>
  createLogger({
    ...{ name: 'worker', level: config.LOG_LEVEL, pretty: process.stdout.isTTY, hidden },
    files: { dir: config.logDir, ownLog: 'worker' },
  }),
);

const REDIS_TIMEOUT_MS = 30_000;
const COMPARE_TIMEOUT_MS = 30_000;
const REDIS_FAREWELL_MS = 2_000;
const DRAIN_GRACE_MS = 60_000;
/** A job that has ended waits for it, and then no longer: its event is in the outbox. */
const JOURNAL_TIMEOUT_MS = 10_000;

/** An API has started this worker, over a channel that closes when it ends, however it ends. */
const isStandIn = process.argv.includes('--stand-in');

await runProcess(logger, config.SHUTDOWN_GRACE_MS, async ({ stopping, stop }) => {
  if (isStandIn) followParent(() => stop(0));
  const logKeeping = config.logDir && keepLogDir(config.logDir, logger, stopping);
  const redis = connectRedis(config.redisUrl, 'patient', createThrottledErrorLog(logger, 'redis'));
  await waitForRedis(redis, REDIS_TIMEOUT_MS);
  const workspaces = await createWorkspaces(config.workDir);
  const { tools, ffmpegVersion, protections } = await tryTools(workspaces);
  const queues = await openQueues(redis, REDIS_TIMEOUT_MS);
  const policy = config.urlPolicy;
  const agent = createGuardedAgent(policy);
  const store = createObjectStore(config.storage);
  const backend: Backend = { redis, queues, journal: await openJournal(store) };
  const addresses = { spacesEndpoint: config.SPACES_ENDPOINT, publicUrl: config.publicUrl };
  const { untilCompared, compareIfNeeded } = createComparer(backend, logger, stopping);
  // Else the first entries would have to wait, and lose their places.
  await withDeadline(compareIfNeeded(), COMPARE_TIMEOUT_MS, 'comparing Redis with the journal').catch(
    (error: unknown) => logger.warn({ err: error }, 'entries wait until Redis is compared with the journal'),
  );
  // Host and process id are not enough: containers on one host's network share both.
  const workerId = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;

  const consumer = createConsumer({
    ...backend,
    ...{ workerId, workspaces },
    equipment: { config, tools, store, agent, policy, addresses },
    ...{ untilCompared, logger },
  });
  const memory = watchMemory(consumer, () => stop(RESTART_EXIT_CODE));
  const ears = await openEars(consumer.cancel);
  const deliverer = createDeliverer({
    ...backend,
    sender: { agent, policy, ...buildSenderSettings() },
    ovenSecret: config.OVEN_CALLBACK_SECRET,
    scheduleMs: config.CALLBACK_SCHEDULE_MS,
    lockMs: config.JOB_LOCK_MS,
    stallCheckMs: config.JOB_STALL_CHECK_MS,
    ...{ untilCompared, logger },
  });
  const house: HousekeepingOptions = {
    ...{ backend, compareIfNeeded, workspaces, workerId, isStandIn, ffmpegVersion, protections, logger },
    ...{ workDir: config.workDir, consumer, concurrency: config.WORKER_CONCURRENCY, memory },
    ...{ ...stuckLimits(config), retention: config.retention },
    cleanups: createCleanups({ redis, store, addresses, retention: config.retention, logger }),
    abortDeadUploads: (signal) => abortDeadUploads({ redis, store, logger }, signal),
  };
  // Whoever reads that we are ready finds us in /health.
  await withDeadline(showLife(house), REDIS_TIMEOUT_MS, 'the first sign of life').catch(async (cause: unknown) => {
    await workspaces.remove();
    throw new Error('REDIS_URL: it takes no writes', { cause });
  });
  await obeyPauses(ears, house);
  const housekeeping = keepHouse(house, stopping);
  logger.info(
    {
      ...{ workerId, isStandIn, ffmpegVersion },
      protections: protections.held,
      missingProtections: protections.missing,
      encodeMemoryBytes: config.encodeMemoryBytes,
    },
    'worker is ready',
  );

  return async () => {
    // Both at once: together they have the grace, and a receiver that sleeps must not use it up for a conversion.
    const ended = await Promise.allSettled([
      consumer.close(config.SHUTDOWN_GRACE_MS),
      deliverer.close(Math.min(config.SHUTDOWN_GRACE_MS, config.CALLBACK_TIMEOUT_MS)),
    ]);
    // Files before connections: they are ours to remove even when Redis is away.
    await workspaces.remove();
    await agent.destroy();
    await logKeeping;
    ears.disconnect();
    await forgetRedis(redis, [housekeeping, reportGone(redis, workerId), queues.close()]);
    for (const end of ended) if (end.status === 'rejected') throw end.reason;
  };
});

/** @param end is called when the process that has started this one is no more */
function followParent(end: () => void): void {
  if (!process.connected) return end();
  process.once('disconnect', end);
  // The channel alone is no reason to stay.
  process.channel?.unref();
}

/** @param end is called when a worker that is too large has nothing left to do */
function watchMemory(consumer: Consumer, end: () => void): MemoryWatch {
  return createMemoryWatch({
    read: readMemory,
    warnBytes: config.memoryWarnBytes,
    limitBytes: config.MEMORY_LIMIT_BYTES,
    hasWorked: consumer.hasWorked,
    onLimit: () => void endAfterwards(consumer).finally(end),
    logger,
  });
}

/** An attempt has its own time limit; this is for a Redis that never lets go. */
async function endAfterwards(consumer: Consumer): Promise<void> {
  const timeoutMs = config.JOB_TIMEOUT_MS + DRAIN_GRACE_MS;
  await withDeadline(consumer.drain(), timeoutMs, 'finishing the last jobs').catch((error: unknown) =>
    logger.error({ err: error }, 'jobs still run'),
  );
}

function buildSenderSettings() {
  return {
    secrets: config.signingSecrets,
    authToken: config.CALLBACK_AUTH_TOKEN,
    timeoutMs: config.CALLBACK_TIMEOUT_MS,
    userAgent: `tapedeck/${VERSION}`,
  };
}

/** @throws ConfigError when the journal could not be found again */
async function openJournal(store: ObjectStore): Promise<Journal | undefined> {
  if (!config.journal) return undefined;
  const where = { ...config.journal, store, appendTimeoutMs: JOURNAL_TIMEOUT_MS };
  const onBucketSkipped = createThrottledErrorLog(logger, 'a bucket without a journal');
  const log = createObjectLog({ ...where, onBucketSkipped });
  await log.listBuckets(AbortSignal.timeout(JOURNAL_TIMEOUT_MS)).catch((error: unknown) => {
    // A store that is away comes back; a key for some buckets only does not.
    if (!(error instanceof JobError && error.code === 'STORAGE_FORBIDDEN')) return;
    throw new ConfigError('ALLOWED_BUCKETS: expected names, because DO_SPACES_KEY may not list buckets, got nothing');
  });
  return createJournal(log, {
    inJobBuckets: where.bucket === undefined,
    onUnjournaled: (jobId, error) => logger.warn({ jobId, err: error }, 'the job is in no journal'),
  });
}

/** A connection of its own: one that listens can do nothing else. */
async function openEars(onCancel: (jobId: string) => void): Promise<Redis> {
  const ears = connectRedis(config.redisUrl, 'patient', createThrottledErrorLog(logger, 'redis'));
  await withDeadline(listenForCancellations(ears, onCancel), REDIS_TIMEOUT_MS, 'listening for cancellations');
  return ears;
}

async function obeyPauses(ears: Redis, house: HousekeepingOptions): Promise<void> {
  const obey = (): void => {
    showLife(house).catch((error: unknown) =>
      logger.warn({ err: error }, 'pausing or resuming waits for the next sign of life'),
    );
  };
  await withDeadline(listenForPauses(ears, house.workerId, obey), REDIS_TIMEOUT_MS, 'listening for pauses');
}

/**
 * They are tried where attempts are made: what a worker leaves that is killed now, the next one removes.
 * @throws ConfigError when one of the programs does not run
 */
async function tryTools(workspaces: Workspaces) {
  try {
    const trial = await workspaces.create('trial', 0);
    const { tools, ffmpegVersion } = await prepareTools(config, { dir: trial.dir, searchPath: process.env.PATH });
    await trial.remove();
    return { tools, ffmpegVersion, protections: describeProtections(tools.guards) };
  } catch (error) {
    await workspaces.remove();
    throw error;
  }
}

/** Says good-bye to Redis, but waits for no answer that may never come. */
async function forgetRedis(client: Redis, farewells: readonly Promise<unknown>[]): Promise<void> {
  await withDeadline(Promise.allSettled(farewells), REDIS_FAREWELL_MS, 'leaving Redis').catch(() => undefined);
  await withDeadline(client.quit(), REDIS_FAREWELL_MS, 'closing Redis').catch(() => client.disconnect());
}
