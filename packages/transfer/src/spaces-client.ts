import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { StandardRetryStrategy } from '@smithy/core/retry';
import { NodeHttpHandler } from '@smithy/node-http-handler';

export interface SpacesClientOptions {
  /** `https://sfo3.digitaloceanspaces.com`, or any other S3-compatible server. */
  endpoint: string;
  region: string;
  /** The bucket in the path instead of in the host's name. */
  forcePathStyle: boolean;
  accessKeyId: string;
  secretAccessKey: string;
  /** Of this process, tries included. */
  requestsPerSec: number;
  limits?: Partial<SpacesLimits>;
}

export interface SpacesLimits {
  connectTimeoutMs: number;
  /** Without a byte in either direction. */
  socketTimeoutMs: number;
  requestTimeoutMs: number;
  /** Before each further try of one request, ± 20 %. */
  retryDelaysMs: readonly number[];
}

/**
 * A part of 5 MiB may go at 90 KiB/s. Five tries in half a minute: Spaces takes five PUTs of one object in five minutes,
 * and what is away for longer is for the job's attempts.
 */
const LIMITS: SpacesLimits = {
  connectTimeoutMs: 5_000,
  socketTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  retryDelaysMs: [1_500, 4_500, 9_000, 15_000],
};

/** The SDK's client as Spaces needs it: every wait has an end, and no process asks more often than its share. */
export function createSpacesClient(options: SpacesClientOptions): S3Client {
  const { endpoint, region, forcePathStyle, accessKeyId, secretAccessKey, requestsPerSec } = options;
  const limits = { ...LIMITS, ...options.limits };
  const client = new S3Client({
    ...{ endpoint, region, forcePathStyle, credentials: { accessKeyId, secretAccessKey } },
    // Other servers than Amazon's do not know its newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    retryStrategy: createRetryStrategy(limits.retryDelaysMs),
    requestHandler: new NodeHttpHandler({
      connectionTimeout: limits.connectTimeoutMs,
      socketTimeout: limits.socketTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      throwOnRequestTimeout: true,
    }),
  });
  const waitForTurn = createPace(requestsPerSec);
  client.middlewareStack.add(
    (next) => async (args) => {
      await waitForTurn();
      return next(args);
    },
    // Within the retries, so that each of them waits for its turn, too.
    { step: 'finalizeRequest', priority: 'low', name: 'pace' },
  );
  return client;
}

/** A `Retry-After` counts where it is longer, up to five seconds more. */
function createRetryStrategy(retryDelaysMs: readonly number[]): StandardRetryStrategy {
  return new StandardRetryStrategy({
    maxAttempts: retryDelaysMs.length + 1,
    backoff: {
      computeNextBackoffDelay: (retries) => Math.round(retryDelaysMs[retries]! * (0.8 + 0.4 * Math.random())),
      setDelayBase: () => undefined,
    },
  });
}

/** Turns at even distances: a queue of requests goes out one by one, and a single one at once. */
function createPace(perSec: number): () => Promise<void> {
  let nextAtMs = 0;
  return async () => {
    const nowMs = performance.now();
    const turnAtMs = Math.max(nowMs, nextAtMs);
    nextAtMs = turnAtMs + 1_000 / perSec;
    if (turnAtMs > nowMs) await sleep(turnAtMs - nowMs);
  };
}
