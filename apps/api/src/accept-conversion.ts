import {
  HLS_NAMES,
  JobError,
  parseConvertRequest,
  sourceUrlOf,
  uploadOf,
  type Accepted,
  type ConvertRequest,
} from '@tapedeck/contracts';
import { loadRecord, submitJob, type Backend, type Submission, type SubmitResult } from '@tapedeck/jobs';
import { withDeadline } from '@tapedeck/runtime';
import {
  assertUrlAllowed,
  buildHlsKey,
  buildTapeKeys,
  type ObjectStore,
  type StoreAddresses,
  type UrlPolicy,
  withoutSignature,
} from '@tapedeck/transfer';
import type { FastifyBaseLogger } from 'fastify';
import type { ApiConfig } from './config.ts';
import { InvalidRequestError } from './plugins/problem-details.ts';

/** A caller waits for us, and is gone in seconds. Redis has its own deadline of each command, and the journal its own. */
const SUBMIT_TIMEOUT_MS = 5_000;

export interface ConvertOptions extends Backend {
  config: ApiConfig;
  store: ObjectStore;
}

/** Who sends a request, as what it is to be known, and who hears of the job that it is. */
export interface Sender extends Pick<Submission, 'caller' | 'idempotencyKey' | 'idempotencyScope' | 'isKeyOfMany'> {
  /** Called once, before the first line is logged of the job. @returns the log of its lines */
  nameJob(jobId: string): FastifyBaseLogger;
}

/** What is answered, and with which status. */
export interface Acceptance {
  status: 202 | 200;
  job: Accepted;
}

/** @throws InvalidRequestError */
export function requireConvertRequest({ config }: ConvertOptions, caller: string, body: unknown): ConvertRequest {
  const isOven = config.OVEN_COMPLETE_KEYS.includes(caller);
  const parsed = parseConvertRequest(body, isOven ? { callbackFormat: 'oven-complete' } : {});
  if (!parsed.ok) throw new InvalidRequestError(parsed.issues);
  return parsed.request;
}

/**
 * Takes a request, whichever way it came. When it returns, the job is in the journal and in the queue, or has been.
 * @throws JobError that says to the sender why not
 */
export async function acceptConversion(
  options: ConvertOptions,
  request: ConvertRequest,
  { nameJob, ...sender }: Sender,
): Promise<Acceptance> {
  const { config, store } = options;
  const { urlPolicy: policy, publicUrl } = config;
  assertBucketAllowed(request.bucket, config.ALLOWED_BUCKETS);
  assertUrlAllowed(sourceUrlOf(request), policy, 'SOURCE_URL_REFUSED');
  assertUrlAllowed(request.callbackUrl, policy, 'CALLBACK_URL_REFUSED');
  assertUploadAllowed(request, policy);
  const outputName = chooseOutput(request, { spacesEndpoint: config.SPACES_ENDPOINT, publicUrl }, store);

  const result = await orQueueUnavailable(() =>
    submitJob(options, { request, outputName, maxAttempts: config.JOB_ATTEMPTS, ...sender }),
  );
  const { outcome, jobId } = result;
  const log = nameJob(jobId);
  if (outcome === 'conflict') {
    throw new JobError('IDEMPOTENCY_CONFLICT', `expected the body that made ${jobId}, or another Idempotency-Key`);
  }
  const state = await describeState(options, result);
  log.info({ outcome, caller: sender.caller, reference: request.reference }, 'submitted');
  return {
    status: outcome === 'accepted' ? 202 : 200,
    job: {
      ...{ jobId, kind: request.kind, ...state, statusUrl: `${publicUrl}/api/jobs/${jobId}` },
      ...(outcome === 'duplicate' && { duplicate: true as const }),
    },
  };
}

function assertUploadAllowed(request: ConvertRequest, policy: UrlPolicy): void {
  const { putUrl, posterPutUrl } = uploadOf(request) ?? {};
  for (const url of [putUrl, posterPutUrl]) if (url) assertUrlAllowed(url, policy, 'UPLOAD_URL_REFUSED');
}

/**
 * Decided now, so that an impossible place is the caller's to hear of.
 * @returns what names the result: a key in the bucket, or the address of an upload without its signature
 */
function chooseOutput(request: ConvertRequest, addresses: StoreAddresses, store: ObjectStore): string {
  if (request.kind === 'hls') {
    const masterKey = buildHlsKey(request.slug, HLS_NAMES.master);
    store.assertKey(request.bucket, masterKey);
    return masterKey;
  }
  if (request.upload) return withoutSignature(request.upload.putUrl);
  const { mp4Key, posterKey } = buildTapeKeys(request, addresses);
  for (const key of [mp4Key, posterKey]) store.assertKey(request.bucket, key);
  return mp4Key;
}

function assertBucketAllowed(bucket: string, allowed: readonly string[] | undefined): void {
  if (allowed === undefined || allowed.includes(bucket)) return;
  throw new JobError('BUCKET_NOT_ALLOWED', `bucket ${bucket} is not in ALLOWED_BUCKETS`);
}

/** The job is accepted by now: what cannot be read of it is left out, and never an error. */
async function describeState(
  { redis, queues }: Backend,
  { outcome, jobId }: SubmitResult,
): Promise<Pick<Accepted, 'status' | 'positionInQueue'>> {
  const record = await loadRecord(redis, jobId).catch(() => undefined);
  const positionInQueue = record ? await queues.positionOf(record).catch(() => null) : null;
  // Idle workers are quick, but a 202 says what it did: it queued the job.
  if (outcome === 'accepted') return { status: 'queued', positionInQueue };
  return { status: record?.status ?? 'queued', positionInQueue };
}

async function orQueueUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await withDeadline(work(), SUBMIT_TIMEOUT_MS, 'submitting');
  } catch (cause) {
    if (cause instanceof JobError) throw cause;
    throw new JobError('QUEUE_UNAVAILABLE', 'send the same again; with an Idempotency-Key one job comes of both', {
      cause,
    });
  }
}
