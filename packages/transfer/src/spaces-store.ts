import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { JobError } from '@tapedeck/contracts';
import { encodeKey } from './object-key.ts';
import type { ListedObject, ObjectStore, StoredObject, UnfinishedPut } from './object-store.ts';
import { createSpacesClient, type SpacesClientOptions } from './spaces-client.ts';
import { isAbsent, toStorageError } from './spaces-errors.ts';
import { uploadFile } from './spaces-upload.ts';

export interface SpacesStoreOptions extends SpacesClientOptions {
  /** Where others fetch objects, if not from the endpoint: with `{bucket}` and `{key}` in it. */
  publicBaseUrl: string | undefined;
}

/** Of everything but uploads, all tries together. */
const DEADLINE_MS = 60_000;
const within = (signal: AbortSignal) => ({
  abortSignal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
});
/** As long as a download may take. */
const SIGNED_URL_SEC = 4 * 3600;

/** The store for production: DigitalOcean Spaces, which is Ceph's RADOS Gateway, or another server that speaks S3. */
export function createSpacesStore(options: SpacesStoreOptions): ObjectStore {
  const client = createSpacesClient(options);
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
    list: (bucket, prefix, signal) => listObjects(client, bucket, prefix, signal),
    listUnfinished: (bucket, prefix, signal) => listUploads(client, bucket, prefix, signal),
    async discard(bucket, { key, putId }, signal) {
      const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: putId });
      await unlessAbsent(client.send(command, within(signal)), signal);
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

async function* listObjects(
  client: S3Client,
  bucket: string,
  prefix: string,
  signal: AbortSignal,
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
): AsyncGenerator<UnfinishedPut> {
  const after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  let isLast: boolean;
  do {
    const command = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...after });
    const page = await orStorageError(client.send(command, within(signal)), signal);
    for (const { Key: key, UploadId: putId } of page.Uploads ?? []) if (key && putId) yield { key, putId };
    isLast = !page.IsTruncated;
    after.KeyMarker = page.NextKeyMarker;
    after.UploadIdMarker = page.NextUploadIdMarker;
  } while (!isLast);
}

/** @throws JobError */
async function orStorageError<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (error) {
    signal.throwIfAborted();
    throw toStorageError(error);
  }
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
