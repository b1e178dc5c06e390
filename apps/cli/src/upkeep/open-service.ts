import {
  connectRedis,
  createJournal,
  openQueues,
  waitForRedis,
  type Backend,
  type Journal,
  type Redis,
} from '@tapedeck/jobs';
import { withDeadline } from '@tapedeck/runtime';
import { createObjectLog, createObjectStore, type ObjectStore, type StoreAddresses } from '@tapedeck/transfer';
import { describeFailure } from '@tapedeck/upkeep';
import type { CliConfig } from '../config.ts';
import { UnavailableError } from '../exit-code.ts';

/** What a command works on: the jobs and the results of the service that this environment names. */
export interface Service {
  backend: Backend;
  redis: Redis;
  store: ObjectStore;
  addresses: StoreAddresses;
}

const REDIS_TIMEOUT_MS = 10_000;
const JOURNAL_TIMEOUT_MS = 10_000;
const FAREWELL_MS = 2_000;

/** Opens the service for as long as `work` takes. @throws UnavailableError when Redis does not answer */
export async function withService<T>(
  config: CliConfig,
  redisUrl: string,
  work: (service: Service) => Promise<T>,
): Promise<T> {
  const redis = connectRedis(redisUrl, 'patient', () => undefined);
  try {
    await waitForRedis(redis, REDIS_TIMEOUT_MS).catch((error: unknown) => {
      throw new UnavailableError(describeFailure(error));
    });
    const queues = await openQueues(redis, REDIS_TIMEOUT_MS);
    const store = createObjectStore(config.storage);
    const addresses = { spacesEndpoint: config.SPACES_ENDPOINT, publicUrl: config.local.publicUrl };
    const backend = { redis, queues, journal: openJournal(config, store) };
    try {
      return await work({ backend, redis, store, addresses });
    } finally {
      await withDeadline(queues.close(), FAREWELL_MS, 'closing the queues').catch(() => undefined);
    }
  } finally {
    redis.disconnect();
  }
}

function openJournal({ journal }: CliConfig, store: ObjectStore): Journal | undefined {
  if (!journal) return undefined;
  const log = createObjectLog({
    ...{ ...journal, store, appendTimeoutMs: JOURNAL_TIMEOUT_MS },
    onBucketSkipped: () => undefined,
  });
  return createJournal(log, { inJobBuckets: journal.bucket === undefined, onUnjournaled: () => undefined });
}
