import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { RetryStrategyV2, RetryToken } from '@smithy/types';
import { RETRY_DELAYS_MS, withJitter } from './retry-delays.ts';

export interface SpacesClientOptions {
  /** `https://sfo3.digitaloceanspaces.com`, or any other S3-compatible server. */
  endpoint: string;
  region: string;
  /** The bucket in the path instead of in the host's name. */
  forcePathStyle: boolean;
  accessKeyId: string;
  secretAccessKey: string;
  /** Of this client, tries included; a process has one. */
  requestsPerSec: number;
  limits?: Partial<SpacesLimits>;
}

export interface SpacesLimits {
  connectTimeoutMs: number;
  /** Without a byte in either direction. */
  socketTimeoutMs: number;
  requestTimeoutMs: number;
  /** Of everything but uploads, all tries together. */
  deadlineMs: number;
  /** Before each further try of one request, ± 20 %. */
  retryDelaysMs: readonly number[];
}

/** A part of 5 MiB may go at 90 KiB/s. */
export const LIMITS: SpacesLimits = {
  connectTimeoutMs: 5_000,
  socketTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  deadlineMs: 60_000,
  retryDelaysMs: RETRY_DELAYS_MS,
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

const MAX_RETRY_AFTER_MS = 30_000;

/**
 * Not the SDK's own: it keeps a budget of retries for the whole client, which a short outage uses up, and which hundreds
 * of successes have to fill again. Here each request has its tries.
 */
function createRetryStrategy(retryDelaysMs: readonly number[]): RetryStrategyV2 {
  const createToken = (retries: number, delayMs: number): RetryToken => ({
    getRetryCount: () => retries,
    getRetryDelay: () => delayMs,
  });
  return {
    acquireInitialRetryToken: async () => createToken(0, 0),
    async refreshRetryTokenForRetry(token, { errorType, retryAfterHint }) {
      const retries = token.getRetryCount();
      const delayMs = retryDelaysMs[retries];
      const isTransient = errorType === 'TRANSIENT' || errorType === 'THROTTLING';
      if (!isTransient || delayMs === undefined) throw new Error('no further try');
      const retryAfterMs = retryAfterHint ? retryAfterHint.getTime() - Date.now() : 0;
      return createToken(retries + 1, Math.max(withJitter(delayMs), Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)));
    },
    recordSuccess: () => undefined,
  };
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
