import { addAbortSignal, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { asJobError, JobError } from '@tapedeck/contracts';
import { assertNotPrivate, assertPrivate, encodeKey, isPlainKey } from './object-key.ts';
import type { ListedObject, ObjectStore, SavedObject, StoredObject, IncompleteUpload } from './object-store.ts';
import { saveStream } from './save-stream.ts';
import { createSpacesClient, LIMITS, type SpacesClientOptions } from './spaces-client.ts';
import { openObject } from './spaces-open.ts';
import { isAbsent, orStorageError, toStorageError } from './spaces-errors.ts';
import { uploadFile } from './spaces-upload.ts';

export interface SpacesStoreOptions extends SpacesClientOptions {
  /** Where others fetch objects, if not from the endpoint: with `{bucket}` and `{key}` in it. */
  publicBaseUrl: string | undefined;
}

/** As long as a download may take. */
const SIGNED_URL_SEC = 4 * 3600;

type Deadline = (signal: AbortSignal) => { abortSignal: AbortSignal };

function createDeadline(deadlineMs: number): Deadline {
  return (signal) => ({ abortSignal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]) });
}

/** The store for production: DigitalOcean Spaces, which is Ceph's RADOS Gateway, or another server that speaks S3. */
export function createSpacesStore(options: SpacesStoreOptions): ObjectStore {
  const client = createSpacesClient(options);
  const { deadlineMs } = { ...LIMITS, ...options.limits };
  const within = createDeadline(deadlineMs);
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
        await uploadFile(client, publication, signal);
      } catch (error) {
        signal.throwIfAborted();
        const failure = toStorageError(error);
        if (failure === error) throw error;
        // The answer may have been lost on its way, after the object had appeared.
        const stored = await head(publication.bucket, publication.key, signal).catch(() => undefined);
        if (stored?.sha256Hex !== publication.sha256Hex) throw failure;
      }
    },
    async putPrivate(bucket, key, content, signal) {
      assertPrivate(key);
      const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: content });
      await orStorageError(client.send(command, within(signal)), signal);
    },
    head,
    read: (bucket, key, maxBytes, signal) => readObject(client, { bucket, key, maxBytes }, signal, within),
    open: (bucket, key, range, signal) => openObject(client, { bucket, key, range }, { signal, headersMs: deadlineMs }),
    save: (bucket, key, path, signal) => saveObject(client, { bucket, key, path }, signal),
    signedUrl: (bucket, key) =>
      getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: SIGNED_URL_SEC }),
    async listBuckets(signal) {
      const { Buckets: buckets = [] } = await orStorageError(
        client.send(new ListBucketsCommand({}), within(signal)),
        signal,
      );
      return buckets.map(({ Name: name }) => name).filter((name) => name !== undefined);
    },
    list: (bucket, prefix, signal) => listObjects(client, bucket, prefix, signal, within),
    listIncompleteUploads: (bucket, prefix, signal) => listUploads(client, bucket, prefix, signal, within),
    async abortUpload(bucket, { key, uploadId }, signal) {
      const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId });
      await unlessAbsent(client.send(command, within(signal)), signal);
    },
    async remove(bucket, key, signal) {
      const command = new DeleteObjectCommand({ Bucket: bucket, Key: key });
      await unlessAbsent(client.send(command, within(signal)), signal);
    },
    assertKey: (_bucket, key) => assertKey(key),
    publicUrl: (bucket, key, like) => buildPublicUrl(options, bucket, encodeKey(key, like)),
    async check(signal) {
      try {
        await orStorageError(client.send(new ListBucketsCommand({}), within(signal)), signal);
      } catch (error) {
        // A key for some buckets only: it was recognized.
        if (!(error instanceof JobError && error.code === 'STORAGE_FORBIDDEN')) throw error;
      }
    },
  };
}

async function readObject(
  client: S3Client,
  { bucket, key, maxBytes }: { bucket: string; key: string; maxBytes: number },
  signal: AbortSignal,
  within: Deadline,
): Promise<Buffer | undefined> {
  const deadline = within(signal);
  const answer = await unlessAbsent(client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), deadline), signal);
  if (!answer?.Body) return undefined;
  const sizeBytes = answer.ContentLength ?? 0;
  const body = answer.Body as Readable;
  // The SDK's signal ends with the headers.
  addAbortSignal(deadline.abortSignal, body);
  if (sizeBytes > maxBytes) {
    body.on('error', () => undefined).destroy();
    throw new JobError('STORAGE_KEY_TAKEN', `expected at most ${maxBytes} bytes, got ${sizeBytes}`);
  }
  return orStorageError(
    buffer(body).catch((cause: unknown) => {
      throw new JobError('STORAGE_UNAVAILABLE', 'its answer broke off', { cause });
    }),
    signal,
  );
}

/** As long as it takes, if something comes: the socket has its own time limit. */
async function saveObject(
  client: S3Client,
  { bucket, key, path }: { bucket: string; key: string; path: string },
  signal: AbortSignal,
): Promise<SavedObject | undefined> {
  const command = new GetObjectCommand({ Bucket: bucket, Key: key });
  const answer = await unlessAbsent(client.send(command, { abortSignal: signal }), signal);
  if (!answer?.Body) return undefined;
  const saved = await saveStream(answer.Body as Readable, path, signal).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw asJobError(cause, 'STORAGE_UNAVAILABLE');
  });
  if (saved.sizeBytes === answer.ContentLength) return saved;
  throw new JobError('STORAGE_UNAVAILABLE', `expected ${answer.ContentLength} bytes, got ${saved.sizeBytes}`);
}

async function* listObjects(
  client: S3Client,
  bucket: string,
  prefix: string,
  signal: AbortSignal,
  within: Deadline,
): AsyncGenerator<ListedObject> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token });
    const page = await orStorageError(client.send(command, within(signal)), signal);
    for (const { Key: key, Size: sizeBytes = 0, LastModified: modified } of page.Contents ?? []) {
      if (key !== undefined) yield { key, sizeBytes, modifiedAtMs: modified?.getTime() ?? 0 };
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

async function* listUploads(
  client: S3Client,
  bucket: string,
  prefix: string,
  signal: AbortSignal,
  within: Deadline,
): AsyncGenerator<IncompleteUpload> {
  const after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  let isLast: boolean;
  do {
    const command = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after });
    const page = await orStorageError(client.send(command, within(signal)), signal);
    for (const { Key: key, UploadId: uploadId } of page.Uploads ?? []) if (key && uploadId) yield { key, uploadId };
    isLast = !page.IsTruncated;
    after.KeyMarker = page.NextKeyMarker;
    after.UploadIdMarker = page.NextUploadIdMarker;
  } while (!isLast);
}

/** @throws JobError STORAGE_… */
async function unlessAbsent<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const orUndefined = work.catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
  return orStorageError(orUndefined, signal);
}

const MAX_KEY_BYTES = 1024;

function assertKey(key: string): void {
  assertNotPrivate(key);
  if (isPlainKey(key) && Buffer.byteLength(key) <= MAX_KEY_BYTES) return;
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
  const { protocol, host, pathname } = new URL(endpoint);
  const base = `${host}${pathname.replace(/\/$/, '')}`;
  // A certificate for *.host does not count for names with another dot; the SDK asks by path then, too.
  const isInPath = forcePathStyle || (bucket.includes('.') && protocol === 'https:');
  return isInPath ? `${protocol}//${base}/${bucket}/${encodedKey}` : `${protocol}//${bucket}.${base}/${encodedKey}`;
}
