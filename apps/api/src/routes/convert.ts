import {
  HLS_NAMES,
  JobError,
  parseConvertRequest,
  sourceUrlOf,
  uploadOf,
  type ConvertRequest,
} from '@tapedeck/contracts';
import { loadRecord, submitJob, type Backend, type SubmitResult } from '@tapedeck/jobs';
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
import type { FastifyInstance } from 'fastify';
import type { ApiConfig } from '../config.ts';
import { InvalidRequestError } from '../plugins/problem-details.ts';
import { nameJob } from '../plugins/request-log.ts';

/** A caller waits for us, and is gone in seconds. Redis has its own deadline of each command, and the journal its own. */
const SUBMIT_TIMEOUT_MS = 5_000;

export interface ConvertOptions extends Backend {
  config: ApiConfig;
  store: ObjectStore;
}

/** `POST /convert`: a 202 is a promise, so it is answered when the job is in the journal and in the queue, and not before. */
export async function convertRoute(app: FastifyInstance, options: ConvertOptions): Promise<void> {
  const { config, store } = options;
  const policy = config.urlPolicy;
  const addresses = { spacesEndpoint: config.SPACES_ENDPOINT, publicUrl: config.publicUrl };

  app.post('/convert', async (request, reply) => {
    const convertRequest = parseBody(request.body);
    const idempotencyKey = parseIdempotencyKey(request.headers['idempotency-key']);
    assertBucketAllowed(convertRequest.bucket, config.ALLOWED_BUCKETS);
    assertUrlAllowed(sourceUrlOf(convertRequest), policy, 'SOURCE_URL_REFUSED');
    assertUrlAllowed(convertRequest.callbackUrl, policy, 'CALLBACK_URL_REFUSED');

    assertUploadAllowed(convertRequest, policy);
    const outputName = chooseOutput(convertRequest, addresses, store);

    const result = await orQueueUnavailable(() =>
      submitJob(options, {
        request: convertRequest,
        caller: request.caller,
        outputName,
        idempotencyKey,
        maxAttempts: config.JOB_ATTEMPTS,
      }),
    );
    const { outcome, jobId } = result;
    nameJob(request, jobId);
    if (outcome === 'conflict') {
      throw new JobError('IDEMPOTENCY_CONFLICT', `expected the body that made ${jobId}, or another Idempotency-Key`);
    }
    const { positionInQueue, status } = await describeState(options, result);
    request.log.info({ outcome, caller: request.caller, reference: convertRequest.reference }, 'submitted');
    return reply
      .code(outcome === 'accepted' ? 202 : 200)
      .header('location', `/api/jobs/${jobId}`)
      .send({
        jobId,
        status,
        kind: convertRequest.kind,
        positionInQueue,
        statusUrl: `${config.publicUrl}/api/jobs/${jobId}`,
        ...(outcome === 'duplicate' && { duplicate: true }),
      });
  });
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

function parseBody(body: unknown): ConvertRequest {
  const parsed = parseConvertRequest(body);
  if (!parsed.ok) throw new InvalidRequestError(parsed.issues);
  return parsed.request;
}

const MAX_IDEMPOTENCY_KEY_CHARS = 255;

function parseIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = String(header).trim();
  if (key.length >= 1 && key.length <= MAX_IDEMPOTENCY_KEY_CHARS) return key;
  const message = `expected 1 to ${MAX_IDEMPOTENCY_KEY_CHARS} characters, got ${key.length}`;
  throw new InvalidRequestError([{ path: 'Idempotency-Key', message }]);
}

function assertBucketAllowed(bucket: string, allowed: readonly string[] | undefined): void {
  if (allowed === undefined || allowed.includes(bucket)) return;
  throw new JobError('BUCKET_NOT_ALLOWED', `bucket ${bucket} is not in ALLOWED_BUCKETS`);
}

/** The job is accepted by now: what cannot be read of it is left out, and never an error. */
async function describeState({ redis, queues }: Backend, { outcome, jobId }: SubmitResult) {
  const record = await loadRecord(redis, jobId).catch(() => undefined);
  const positionInQueue = record ? await queues.positionOf(record).catch(() => null) : null;
  // Idle workers are quick, but a 202 says what it did: it queued the job.
  if (outcome === 'accepted') return { positionInQueue, status: 'queued' };
  return { positionInQueue, status: record?.status ?? 'queued' };
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
