import { createHash, randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  type LifecycleRule,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createSpacesClient, type SpacesClientOptions } from './spaces-client.ts';
import { isErrorNamed, toStorageError } from './spaces-errors.ts';

/** What an operator wants to know of a bucket, and may have set. */
export interface BucketKeeper {
  /**
   * Puts a small public object and removes it again.
   * @throws JobError STORAGE_…: what a job's publication would meet
   */
  tryWriting(bucket: string, signal: AbortSignal): Promise<void>;
  /** Is there a rule by which the store itself aborts uploads that nobody ends? */
  expiresUploads(bucket: string, signal: AbortSignal): Promise<boolean>;
  /** Adds such a rule to those that are there. It counts for everybody's uploads to the bucket. */
  expireUploads(bucket: string, signal: AbortSignal): Promise<void>;
}

/** Longer than anybody's upload takes. Our own are aborted as soon as their attempts are over. */
export const UPLOAD_EXPIRY_DAYS = 7;
const RULE_ID = 'tapedeck-unfinished-uploads';

export function createBucketKeeper(options: SpacesClientOptions): BucketKeeper {
  const client = createSpacesClient(options);
  return {
    async tryWriting(bucket, signal) {
      const object = { Bucket: bucket, Key: `.tapedeck/${randomUUID()}` };
      const content = { Body: 'May results be put here?', ACL: 'public-read' } as const;
      await orStorageError(client.send(new PutObjectCommand({ ...object, ...content }), abortWith(signal)));
      await orStorageError(client.send(new DeleteObjectCommand(object), abortWith(signal)));
    },
    async expiresUploads(bucket, signal) {
      return (await loadRules(client, bucket, signal)).some(abortsAllUploads);
    },
    async expireUploads(bucket, signal) {
      const others = (await loadRules(client, bucket, signal)).filter(({ ID: id }) => id !== RULE_ID);
      const rule: LifecycleRule = {
        ...{ ID: RULE_ID, Status: 'Enabled', Filter: { Prefix: '' } },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: UPLOAD_EXPIRY_DAYS },
      };
      const command = new PutBucketLifecycleConfigurationCommand({
        ...{ Bucket: bucket, LifecycleConfiguration: { Rules: [...others, rule] } },
      });
      addContentMd5(command);
      await orStorageError(client.send(command, abortWith(signal)));
    },
  };
}

const abortWith = (signal: AbortSignal) => ({ abortSignal: signal });

async function loadRules(client: S3Client, bucket: string, signal: AbortSignal): Promise<LifecycleRule[]> {
  const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket });
  try {
    return (await client.send(command, abortWith(signal))).Rules ?? [];
  } catch (error) {
    if (isErrorNamed(error, ['NoSuchLifecycleConfiguration'])) return [];
    throw toStorageError(error);
  }
}

function abortsAllUploads(rule: LifecycleRule): boolean {
  const conditions = [rule.Prefix, ...Object.values<unknown>({ ...rule.Filter })];
  const isForAll = conditions.every((condition) => condition === undefined || condition === '');
  return rule.Status === 'Enabled' && isForAll && rule.AbortIncompleteMultipartUpload !== undefined;
}

/** The gateway wants it for this one request, and the SDK has given it up for newer checksums. */
function addContentMd5(command: PutBucketLifecycleConfigurationCommand): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      const { headers, body } = args.request as { headers: Record<string, string>; body: string };
      headers['content-md5'] = createHash('md5').update(body).digest('base64');
      return next(args);
    },
    { step: 'build', name: 'contentMd5' },
  );
}

async function orStorageError<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw toStorageError(error);
  });
}
