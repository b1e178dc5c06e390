import { createReadStream } from 'node:fs';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { objectHeaders } from './object-headers.ts';
import type { Publication } from './object-store.ts';

const MIB = 1024 ** 2;
/** S3's bounds: parts of 5 MiB to 5 GiB, 10 000 of them. */
const MAX_PARTS = 10_000;
/** The smallest, because a part is a buffer, and some that are done wait for the garbage collector. */
const MIN_PART_BYTES = 5 * MIB;
const READ_BYTES = 64 * 1024;
const PARTS_IN_FLIGHT = 2;

/**
 * In parts, of which at most two of one upload are in memory; what fits one part is one request. The object appears with
 * the last request, whole, and `assertMayPublish` is asked right before each try of it. What fails, or is aborted, leaves
 * no parts behind, as long as the store can be told so.
 */
export async function uploadFile(client: S3Client, publication: Publication, signal: AbortSignal): Promise<void> {
  const { bucket, key, path, sizeBytes, sha256Hex, onSent } = publication;
  const { contentType, cacheControl } = objectHeaders(key);
  const partSize = Math.max(MIN_PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
  const upload = new Upload({
    client: supervise(client, publication, signal),
    params: {
      ...{ Bucket: bucket, Key: key, Body: createReadStream(path, { highWaterMark: READ_BYTES }) },
      ...{ ContentLength: sizeBytes, ContentType: contentType, CacheControl: cacheControl },
      ...{ ACL: 'public-read', Metadata: { sha256: sha256Hex } },
    },
    partSize,
    queueSize: PARTS_IN_FLIGHT,
  });
  upload.on('httpUploadProgress', () => onSent?.());
  await upload.done();
}

/** Telling the store that an upload is over. */
const FAREWELL_MS = 4_000;

/**
 * The same client for one upload. Not the library's own abort: it answers at once and goes on sending, so nobody would
 * know when its parts are gone.
 */
function supervise(client: S3Client, { assertMayPublish }: Publication, signal: AbortSignal): S3Client {
  const supervised = Object.create(client) as S3Client;
  const send = async (command: UploadCommand): Promise<unknown> => {
    if (command instanceof AbortMultipartUploadCommand) {
      // Why the upload failed matters, not that this failed, too: what remains, the sweep of incomplete uploads aborts.
      return client.send(command, { abortSignal: AbortSignal.timeout(FAREWELL_MS) }).catch(() => undefined);
    }
    const makesAppear = command instanceof PutObjectCommand || command instanceof CompleteMultipartUploadCommand;
    const permission = makesAppear ? askBeforeEachTry(command, assertMayPublish) : undefined;
    signal.throwIfAborted();
    try {
      return await client.send(command, { abortSignal: signal });
    } catch (error) {
      throw permission?.refusal ?? error;
    }
  };
  supervised.send = send as S3Client['send'];
  return supervised;
}

type UploadCommand = Parameters<S3Client['send']>[0];

/** Between two tries lie seconds, in which another attempt may have taken over. */
function askBeforeEachTry(
  command: PutObjectCommand | CompleteMultipartUploadCommand,
  assertMayPublish: () => Promise<void>,
): { refusal: unknown } {
  const permission: { refusal: unknown } = { refusal: undefined };
  // Both have the same stack; their types have nothing in common.
  (command as PutObjectCommand).middlewareStack.add(
    (next) => async (args) => {
      await assertMayPublish().catch((refusal: unknown) => {
        permission.refusal = refusal;
        // Another error: the SDK writes on those that pass it, and what it has written on counts as the store's.
        throw new Error('may not be published');
      });
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low', name: 'assertMayPublish' },
  );
  return permission;
}
