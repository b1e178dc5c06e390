import { createHash, randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  type CORSRule,
  type LifecycleRule,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { MiddlewareStack } from '@smithy/types';
import { createSpacesClient, type SpacesClientOptions } from './spaces-client.ts';
import { isErrorNamed, orStorageError } from './spaces-errors.ts';

/** What an operator wants to know of a bucket, and may have set. */
export interface BucketAdmin {
  /**
   * Does with a small public object what jobs do with theirs, and removes it.
   * @param visit called while it is there
   * @throws JobError STORAGE_…: what they would meet
   */
  tryOut(bucket: string, visit: (key: string) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Is there a rule by which the store itself aborts uploads that nobody ends? */
  hasExpiryRule(bucket: string, signal: AbortSignal): Promise<boolean>;
  /** Adds such a rule to those that are there. It counts for everybody's uploads to the bucket. */
  addExpiryRule(bucket: string, signal: AbortSignal): Promise<void>;
  /** Adds a rule that lets pages of any origin read what is public, to those that are there. */
  addReaderRule(bucket: string, signal: AbortSignal): Promise<void>;
}

/** Longer than anybody's upload takes. Our own are aborted as soon as their attempts are over. */
export const UPLOAD_EXPIRY_DAYS = 7;
const RULE_ID = 'tapedeck-incomplete-uploads';

/** What a player asks for: whole objects and parts of them. Writing stays closed to pages. */
const READER_RULE: CORSRule = {
  ...{ ID: 'tapedeck-players', AllowedOrigins: ['*'], AllowedMethods: ['GET', 'HEAD'], AllowedHeaders: ['*'] },
  ...{ ExposeHeaders: ['Content-Length', 'Content-Range', 'ETag'], MaxAgeSeconds: 3_600 },
};

export function createBucketAdmin(options: SpacesClientOptions): BucketAdmin {
  const client = createSpacesClient(options);
  return {
    async tryOut(bucket, visit, signal) {
      const object = { Bucket: bucket, Key: `.tapedeck/${randomUUID()}` };
      const content = { Body: 'May results be put here?', ACL: 'public-read' } as const;
      const below = { Bucket: bucket, Prefix: object.Key };
      const within = abortWith(signal);
      await orStorageError(client.send(new PutObjectCommand({ ...object, ...content }), within), signal);
      try {
        await orStorageError(client.send(new HeadObjectCommand(object), within), signal);
        await orStorageError(client.send(new ListObjectsV2Command(below), within), signal);
        await orStorageError(client.send(new ListMultipartUploadsCommand(below), within), signal);
        await visit(object.Key);
      } finally {
        await orStorageError(client.send(new DeleteObjectCommand(object), within), signal);
      }
    },
    async hasExpiryRule(bucket, signal) {
      return (await loadRules(client, bucket, signal)).some(abortsAllUploads);
    },
    async addExpiryRule(bucket, signal) {
      const others = (await loadRules(client, bucket, signal)).filter(({ ID: id }) => id !== RULE_ID);
      const rule: LifecycleRule = {
        ...{ ID: RULE_ID, Status: 'Enabled', Filter: { Prefix: '' } },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: UPLOAD_EXPIRY_DAYS },
      };
      const command = new PutBucketLifecycleConfigurationCommand({
        ...{ Bucket: bucket, LifecycleConfiguration: { Rules: [...others, rule] } },
      });
      addContentMd5(command);
      await orStorageError(client.send(command, abortWith(signal)), signal);
    },
    async addReaderRule(bucket, signal) {
      const others = (await loadCorsRules(client, bucket, signal)).filter(({ ID: id }) => id !== READER_RULE.ID);
      const command = new PutBucketCorsCommand({
        ...{ Bucket: bucket, CORSConfiguration: { CORSRules: [...others, READER_RULE] } },
      });
      addContentMd5(command);
      await orStorageError(client.send(command, abortWith(signal)), signal);
    },
  };
}

const abortWith = (signal: AbortSignal) => ({ abortSignal: signal });

async function loadRules(client: S3Client, bucket: string, signal: AbortSignal): Promise<LifecycleRule[]> {
  const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket });
  const rules = client
    .send(command, abortWith(signal))
    .then(({ Rules: all }) => all ?? [], noneWhere('NoSuchLifecycleConfiguration'));
  return orStorageError(rules, signal);
}

async function loadCorsRules(client: S3Client, bucket: string, signal: AbortSignal): Promise<CORSRule[]> {
  const command = new GetBucketCorsCommand({ Bucket: bucket });
  const rules = client
    .send(command, abortWith(signal))
    .then(({ CORSRules: all }) => all ?? [], noneWhere('NoSuchCORSConfiguration'));
  return orStorageError(rules, signal);
}

/** A bucket that was never given rules answers with an error. */
function noneWhere(errorName: string): (error: unknown) => [] {
  return (error) => {
    if (isErrorNamed(error, [errorName])) return [];
    throw error;
  };
}

function abortsAllUploads(rule: LifecycleRule): boolean {
  const conditions = [rule.Prefix, ...Object.values<unknown>({ ...rule.Filter })];
  const isForAll = conditions.every((condition) => condition === undefined || condition === '');
  return rule.Status === 'Enabled' && isForAll && rule.AbortIncompleteMultipartUpload !== undefined;
}

/** The gateway wants it with a bucket's rules, and the SDK has given it up for newer checksums. */
function addContentMd5<Input extends object, Output extends object>(command: {
  middlewareStack: MiddlewareStack<Input, Output>;
}): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      const { headers, body } = args.request as { headers: Record<string, string>; body: string };
      headers['content-md5'] = createHash('md5').update(body).digest('base64');
      return next(args);
    },
    { step: 'build', name: 'contentMd5' },
  );
}
