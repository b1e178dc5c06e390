import { createHash, createHmac } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  CreateBucketCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { TestRgw } from './rgw.ts';

/** A bucket owner's view of the gateway: what an operator sees, whatever the service believes. */
export interface TestSpaces {
  /** What the API and the worker need to know. */
  env: Record<string, string>;
  createBucket(bucket: string): Promise<void>;
  /** Begins an upload and ends it. */
  warmUp(bucket: string): Promise<void>;
  /** Begins an upload and leaves it so. @returns its id */
  beginUpload(bucket: string, key: string): Promise<string>;
  /** From now on, whoever asks for a public object there is refused. */
  blockPublicAcls(bucket: string): Promise<void>;
  /** Somebody's rule: objects below the prefix are removed after a year. */
  addExpiryRule(bucket: string, id: string, prefix: string): Promise<void>;
  /** Somebody's rule: pages of that origin may PUT. */
  addCorsRule(bucket: string, id: string, origin: string): Promise<void>;
  /** The ids of the bucket's lifecycle rules, in order. */
  listRules(bucket: string): Promise<string[]>;
  /** @returns its URL, which only the owner may fetch */
  putPrivate(bucket: string, key: string, content: Buffer): Promise<string>;
  /** @returns its URL, which everybody may fetch */
  putPublic(bucket: string, key: string, content: Buffer): Promise<string>;
  /** Every key in the bucket, in order, without what we keep there for ourselves. */
  list(bucket: string): Promise<string[]>;
  /** The private ones. */
  listPrivate(bucket: string): Promise<string[]>;
  /** Uploads that were begun, and neither completed nor aborted. */
  listUploads(bucket: string): Promise<string[]>;
  read(bucket: string, key: string): Promise<Buffer>;
  /** A URL from which whoever has it may GET the object. */
  presignGet(bucket: string, key: string): Promise<string>;
  /** A URL to which whoever has it may PUT the object, which everybody may see then. */
  presignPut(bucket: string, key: string, options?: { expiresInSec?: number; aclInQuery?: boolean }): Promise<string>;
  /** Likewise by a signature of version 2, which covers the Content-Type that comes, or that none comes. */
  presignPutV2(bucket: string, key: string, contentType: string): string;
  close(): void;
}

/** @param endpoint the gateway's, or that of a proxy before it */
export function openSpaces(
  rgw: Pick<TestRgw, 'endpoint' | 'accessKeyId' | 'secretAccessKey'>,
  endpoint = rgw.endpoint,
): TestSpaces {
  const { accessKeyId, secretAccessKey } = rgw;
  const client = new S3Client({
    ...{ endpoint: rgw.endpoint, region: 'us-east-1', forcePathStyle: true },
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  // With rules of a bucket the gateway wants a header that the SDK no longer sends.
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const { headers, body } = args.request as { headers: Record<string, string>; body: string };
        const isRule = /^PutBucket/.test(commandName);
        if (isRule) headers['content-md5'] = createHash('md5').update(body).digest('base64');
        return next(args);
      },
    { step: 'build' },
  );
  return {
    env: {
      ...{ DO_SPACES_KEY: accessKeyId, DO_SPACES_SECRET: secretAccessKey },
      ...{ SPACES_ENDPOINT: endpoint, SPACES_FORCE_PATH_STYLE: 'true' },
    },
    async createBucket(bucket) {
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
    },
    async warmUp(bucket) {
      const object = { Bucket: bucket, Key: 'warm-up' };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
      await client.send(new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: 'x' }));
      await client.send(new AbortMultipartUploadCommand({ ...object, UploadId }));
    },
    async beginUpload(bucket, key) {
      const { UploadId: uploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key }));
      return uploadId!;
    },
    async blockPublicAcls(bucket) {
      const configuration = { BlockPublicAcls: true };
      await client.send(
        new PutPublicAccessBlockCommand({ Bucket: bucket, PublicAccessBlockConfiguration: configuration }),
      );
    },
    async addExpiryRule(bucket, id, prefix) {
      const rule = { ID: id, Status: 'Enabled' as const, Filter: { Prefix: prefix }, Expiration: { Days: 365 } };
      const command = new PutBucketLifecycleConfigurationCommand({
        ...{ Bucket: bucket, LifecycleConfiguration: { Rules: [rule] } },
      });
      await client.send(command);
    },
    async addCorsRule(bucket, id, origin) {
      const rule = { ID: id, AllowedOrigins: [origin], AllowedMethods: ['PUT'] };
      const command = new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules: [rule] } });
      await client.send(command);
    },
    async listRules(bucket) {
      const { Rules: rules = [] } = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }));
      return rules.map(({ ID: id }) => id!).toSorted();
    },
    async putPrivate(bucket, key, content) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
      return `${endpoint}/${bucket}/${key}`;
    },
    async putPublic(bucket, key, content) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content, ACL: 'public-read' }));
      return `${endpoint}/${bucket}/${key}`;
    },
    list: async (bucket) => (await listKeys(client, bucket)).filter((key) => !key.startsWith('.tapedeck/')),
    listPrivate: async (bucket) => (await listKeys(client, bucket)).filter((key) => key.startsWith('.tapedeck/')),
    async listUploads(bucket) {
      const { Uploads: uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      return uploads.map(({ Key: key }) => key!);
    },
    async read(bucket, key) {
      const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return Buffer.from(await body!.transformToByteArray());
    },
    presignGet: (bucket, key) => getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key })),
    presignPut(bucket, key, { expiresInSec = 600, aclInQuery = false } = {}) {
      const command = new PutObjectCommand({ Bucket: bucket, Key: key, ACL: 'public-read' });
      return getSignedUrl(client, command, {
        expiresIn: expiresInSec,
        // A header, or part of the query, which is what the SDK does by itself.
        unhoistableHeaders: new Set(aclInQuery ? [] : ['x-amz-acl']),
      });
    },
    presignPutV2(bucket, key, contentType) {
      const expires = Math.floor(Date.now() / 1000) + 600;
      const signed = `PUT\n\n${contentType}\n${expires}\n/${bucket}/${key}`;
      const signature = createHmac('sha1', secretAccessKey).update(signed).digest('base64');
      const query = new URLSearchParams({
        AWSAccessKeyId: accessKeyId,
        Expires: String(expires),
        Signature: signature,
      });
      return `${endpoint}/${bucket}/${key}?${query}`;
    },
    close: () => client.destroy(),
  };
}

async function listKeys(client: S3Client, bucket: string): Promise<string[]> {
  const { Contents: objects = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  return objects.map(({ Key: key }) => key!).toSorted();
}
