import {
  connectRedis,
  createJobWatcher,
  createJournal,
  openQueues,
  waitForRedis,
  type Backend,
  type Journal,
  type Redis,
} from '@tapedeck/jobs';
import {
  createLogger,
  createThrottledErrorLog,
  hideFromLogs,
  keepLogDir,
  loadConfigOrExit,
  runProcess,
  VERSION,
  withDeadline,
} from '@tapedeck/runtime';
import { createAlertChannels, createObjectLog, createObjectStore, type ObjectStore } from '@tapedeck/transfer';
import { createAlertWatch, keepWatch } from './alerts/alert-watch.ts';
import { createApp } from './app.ts';
import { loadConfig } from './config.ts';
import { assertCanConvert } from './stand-in/assert-can-convert.ts';
import { runStandIn } from './stand-in/run-stand-in.ts';
import { keepStandIn } from './stand-in/stand-in-watch.ts';

const config = loadConfigOrExit(() => loadConfig(process.env));
const hidden = hideFromLogs(process.env, {
  DATA_DIR: config.dataDir,
  ...(config.logDir && { LOG_DIR: config.logDir }),
});
const logger = loadConfigOrExit(() =>
  createLogger({
    ...{ name: 'api', level: config.LOG_LEVEL, pretty: process.stdout.isTTY, hidden },
    files: { dir: config.logDir, ownLog: 'api' },
  }),
);

const REDIS_TIMEOUT_MS = 30_000;
/** A caller waits for it. */
const JOURNAL_TIMEOUT_MS = 3_000;

await runProcess(logger, config.SHUTDOWN_GRACE_MS, async ({ stopping }) => {
  if (config.CONVERT_INLINE) await assertCanConvert(process.env);
  const logKeeping = config.logDir && keepLogDir(config.logDir, logger, stopping);
  const redis = connectRedis(config.redisUrl, 'fast', createThrottledErrorLog(logger, 'redis'));
  await waitForRedis(redis, REDIS_TIMEOUT_MS);
  const queues = await openQueues(redis, REDIS_TIMEOUT_MS);
  const store = createObjectStore(config.storage);
  const journal = openJournal(store);
  // A connection of its own, which waits for a Redis that is away: whoever watches is in no hurry.
  const watcher = createJobWatcher(
    connectRedis(config.redisUrl, 'patient', createThrottledErrorLog(logger, 'redis, listening')),
  );
  const app = await createApp({ config, redis, queues, journal, store, watcher, logger });
  await app.listen({ host: config.HOST, port: config.PORT });
  const alerting = raiseAlerts({ redis, queues, journal }, stopping);
  const standingIn = standInForWorkers(redis, stopping);

  return async () => {
    await app.close();
    watcher.close();
    await logKeeping;
    await alerting;
    await standingIn;
    await queues.close();
    await withDeadline(redis.quit(), 2_000, 'closing Redis').catch(() => redis.disconnect());
  };
});

/** Until the signal; nothing is looked for where nobody would be told. */
async function raiseAlerts(backend: Backend, signal: AbortSignal): Promise<void> {
  const { dataDir, ALERT_INTERVAL_MS: intervalMs } = config;
  const { origin, ...targets } = config.alerts;
  const channels = createAlertChannels(targets, VERSION);
  if (channels.length === 0) return;
  await keepWatch(createAlertWatch({ backend, dataDir, channels, origin, intervalMs, logger }), intervalMs, signal);
}

/** Until the signal; then what it has converted by itself is ended, or handed back. */
async function standInForWorkers(redis: Redis, signal: AbortSignal): Promise<void> {
  const { CONVERT_INLINE, CONVERT_INLINE_AFTER_MS: afterMs, SHUTDOWN_GRACE_MS: graceMs } = config;
  if (!CONVERT_INLINE) return;
  const run = (leave: AbortSignal) => runStandIn({ env: process.env, graceMs, logger }, leave);
  await keepStandIn({ redis, afterMs, run, logger }, signal);
}

function openJournal(store: ObjectStore): Journal | undefined {
  if (!config.journal) return undefined;
  const where = { ...config.journal, store, appendTimeoutMs: JOURNAL_TIMEOUT_MS };
  const onBucketSkipped = createThrottledErrorLog(logger, 'a bucket without a journal');
  return createJournal(createObjectLog({ ...where, onBucketSkipped }), {
    inJobBuckets: where.bucket === undefined,
    onUnjournaled: (jobId, error) => logger.warn({ jobId, err: error }, 'the job is in no journal'),
  });
}
