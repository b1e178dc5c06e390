import { createReadStream } from 'node:fs';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { JobError } from '@tapedeck/contracts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { objectHeaders } from './object-headers.ts';
import { encodeKey } from './object-key.ts';
import type { ObjectStore, Publication, StoredObject } from './object-store.ts';
import { isAbsent, toStorageError } from './spaces-errors.ts';

export interface SpacesStoreOptions {
  /** `https://sfo3.digitaloceanspaces.com`, or any other S3-compatible server. */
  endpoint: string;
  region: string;
  /** The bucket in the path instead of in the host's name. */
  forcePathStyle: boolean;
  accessKeyId: string;
  secretAccessKey: string;
  /** Where others fetch objects, if not from the endpoint: with `{bucket}` and `{key}` in it. */
  publicBaseUrl: string | undefined;
  limits?: Partial<SpacesLimits>;
}

export interface SpacesLimits {
  connectTimeoutMs: number;
  /** Without a byte in either direction. */
  socketTimeoutMs: number;
  requestTimeoutMs: number;
  /** Of one request. With the SDK's backoff ten take about half a minute; what takes longer is for the job's attempts. */
  maxTries: number;
}

/** A part of 5 MiB may go at 90 KiB/s. */
const LIMITS: SpacesLimits = {
  connectTimeoutMs: 5_000,
  socketTimeoutMs: 20_000,
  requestTimeoutMs: 60_000,
  maxTries: 10,
};
/** Of everything but uploads, all tries together. */
const DEADLINE_MS = 60_000;
/** As long as a download may take. */
const SIGNED_URL_SEC = 4 * 3600;

/** The store for production: DigitalOcean Spaces, which is Ceph's RADOS Gateway, or another server that speaks S3. */
export function createSpacesStore(options: SpacesStoreOptions): ObjectStore {
  const client = createClient(options);
  const within = (signal: AbortSignal) => ({
    abortSignal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
  });
  const head = async (bucket: string, key: string, signal: AbortSignal): Promise<StoredObject | undefined> => {
    const answer = await unlessAbsent(
      client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), within(signal)),
      signal,
    );
    return answer && { sizeBytes: answer.ContentLength ?? 0, sha256Hex: answer.Metadata?.sha256 };
  };
  return {
    driver: 'spaces',
    async put(publication, signal) {
      try {
        await upload(client, publication, signal);
      } catch (error) {
        signal.throwIfAborted();
        const failure = toStorageError(error);
        if (failure === error) throw error;
        // The answer may have been lost on its way, after the object had appeared.
        const stored = await head(publication.bucket, publication.key, signal).catch(() => undefined);
        if (stored?.sha256Hex !== publication.sha256Hex) throw failure;
      }
    },
    head,
    async read(bucket, key, maxBytes, signal) {
      const command = new GetObjectCommand({ Bucket: bucket, Key: key });
      const answer = await unlessAbsent(client.send(command, within(signal)), signal);
      if (!answer) return undefined;
      const sizeBytes = answer.ContentLength ?? 0;
      if (sizeBytes > maxBytes) {
        answer.Body?.transformToWebStream()
          .cancel()
          .catch(() => undefined);
        throw new JobError('STORAGE_UNAVAILABLE', `expected an object of at most ${maxBytes} bytes, got ${sizeBytes}`);
      }
      return Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
    },
    signedUrl: (bucket, key) =>
      getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: SIGNED_URL_SEC }),
    async *list(bucket, prefix, signal) {
      try {
        const pages = paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix }, within(signal));
        for await (const { Contents: objects = [] } of pages) {
          for (const { Key: key, Size: sizeBytes = 0, LastModified: modified } of objects) {
            if (key !== undefined) yield { key, sizeBytes, modifiedAtMs: modified?.getTime() ?? 0 };
          }
        }
      } catch (error) {
        signal.throwIfAborted();
        throw toStorageError(error);
      }
    },
    async remove(bucket, key, signal) {
      const command = new DeleteObjectCommand({ Bucket: bucket, Key: key });
      await unlessAbsent(client.send(command, within(signal)), signal);
    },
    assertKey: (_bucket, key) => assertKey(key),
    publicUrl: (bucket, key, like) => buildPublicUrl(options, bucket, encodeKey(key, like)),
    async check(signal) {
      await client.send(new ListBucketsCommand({}), within(signal)).catch((error: unknown) => {
        const refusal = toStorageError(error);
        // A key for some buckets only: it was recognized.
        if (!(refusal instanceof JobError && refusal.code === 'STORAGE_FORBIDDEN')) throw refusal;
      });
    },
  };
}

function createClient(options: SpacesStoreOptions): S3Client {
  const { endpoint, region, forcePathStyle, accessKeyId, secretAccessKey } = options;
  const limits = { ...LIMITS, ...options.limits };
  return new S3Client({
    ...{ endpoint, region, forcePathStyle, credentials: { accessKeyId, secretAccessKey } },
    // Other servers than Amazon's do not know its newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: limits.maxTries,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: limits.connectTimeoutMs,
      socketTimeout: limits.socketTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      throwOnRequestTimeout: true,
    }),
  });
}

const MIB = 1024 ** 2;
/** S3's bounds: parts of 5 MiB to 5 GiB, 10 000 of them. */
const MAX_PARTS = 10_000;
/** The smallest, because a part is a buffer, and some that are done wait for the garbage collector. */
const MIN_PART_BYTES = 5 * MIB;
const READ_BYTES = 64 * 1024;
const PARTS_IN_FLIGHT = 2;

/**
 * In parts, of which at most two are in memory; what fits one part is one request. The object appears with the last
 * request, whole, and `assertMayPublish` is asked right before it. What fails, or is aborted, leaves no parts behind,
 * as long as the store can be told so.
 */
async function upload(client: S3Client, publication: Publication, signal: AbortSignal): Promise<void> {
  const { bucket, key, path, sizeBytes, sha256Hex } = publication;
  const { contentType, cacheControl } = objectHeaders(key);
  const partSize = Math.max(MIN_PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
  await new Upload({
    client: supervise(client, publication, signal),
    params: {
      ...{ Bucket: bucket, Key: key, Body: createReadStream(path, { highWaterMark: READ_BYTES }) },
      ...{ ContentLength: sizeBytes, ContentType: contentType, CacheControl: cacheControl },
      ...{ ACL: 'public-read', Metadata: { sha256: sha256Hex } },
    },
    partSize,
    queueSize: PARTS_IN_FLIGHT,
  }).done();
}

/** Telling the store that an upload is over; shorter than what a worker that stops gives its attempts. */
const FAREWELL_MS = 6_000;

/**
 * The same client for one upload. Not the library's own abort: it answers at once and goes on sending, so nobody would
 * know when its parts are gone.
 */
function supervise(client: S3Client, { assertMayPublish }: Publication, signal: AbortSignal): S3Client {
  const supervised = Object.create(client) as S3Client;
  const send = async (command: Parameters<S3Client['send']>[0]): Promise<unknown> => {
    if (command instanceof AbortMultipartUploadCommand) {
      return client.send(command, { abortSignal: AbortSignal.timeout(FAREWELL_MS) });
    }
    const makesAppear = command instanceof PutObjectCommand || command instanceof CompleteMultipartUploadCommand;
    if (makesAppear) await assertMayPublish();
    signal.throwIfAborted();
    return client.send(command, { abortSignal: signal });
  };
  supervised.send = send as S3Client['send'];
  return supervised;
}

/** @throws JobError */
async function unlessAbsent<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    signal.throwIfAborted();
    if (isAbsent(error)) return undefined;
    throw toStorageError(error);
  }
}

const MAX_KEY_BYTES = 1024;

function assertKey(key: string): void {
  const isPlain = key.split('/').every((name) => name !== '' && name !== '.' && name !== '..') && !key.includes('\0');
  if (isPlain && Buffer.byteLength(key) <= MAX_KEY_BYTES) return;
  throw new JobError('STORAGE_KEY_REFUSED', `expected names between slashes, ${MAX_KEY_BYTES} bytes at most`);
}

function buildPublicUrl(
  { endpoint, forcePathStyle, publicBaseUrl }: SpacesStoreOptions,
  bucket: string,
  encodedKey: string,
): string {
  if (publicBaseUrl) {
    const withBucket = publicBaseUrl.replaceAll('{bucket}', bucket).replace(/\/$/, '');
    return withBucket.includes('{key}') ? withBucket.replace('{key}', () => encodedKey) : `${withBucket}/${encodedKey}`;
  }
  const { protocol, host } = new URL(endpoint);
  return forcePathStyle
    ? `${protocol}//${host}/${bucket}/${encodedKey}`
    : `${protocol}//${bucket}.${host}/${encodedKey}`;
}
