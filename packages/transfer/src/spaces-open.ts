import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { JobError } from '@tapedeck/contracts';
import type { ByteRange, OpenObject } from './object-store.ts';
import { isAbsent, isErrorNamed, orStorageError } from './spaces-errors.ts';

/** @param signal of the whole transfer; the headers have the deadline. @throws JobError STORAGE_… */
export async function openObject(
  client: S3Client,
  { bucket, key, range }: { bucket: string; key: string; range: ByteRange },
  { signal, headersMs }: { signal: AbortSignal; headersMs: number },
): Promise<OpenObject | 'outside' | undefined> {
  const { firstByte, lastByte } = range;
  const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=${firstByte}-${lastByte ?? ''}` });
  const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(headersMs)]);
  const asked = client.send(command, { abortSignal }).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    if (isErrorNamed(error, ['InvalidRange'])) return 'outside' as const;
    throw error;
  });
  const answer = await orStorageError(asked, signal);
  if (answer === undefined || answer === 'outside') return answer;
  const body = answer.Body as Readable;
  // The SDK's signal ends with the headers.
  addAbortSignal(signal, body);
  return { body, ...readContentRange(answer.ContentRange, body) };
}

/** RFC 9110, 14.4. @throws JobError STORAGE_UNAVAILABLE */
function readContentRange(header: string | undefined, body: Readable): Omit<OpenObject, 'body'> {
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(header ?? '') ?? [];
  if (size !== undefined) {
    return { sizeBytes: Number(size), range: { firstByte: Number(first), lastByte: Number(last) } };
  }
  body.on('error', () => undefined).destroy();
  throw new JobError('STORAGE_UNAVAILABLE', 'it was asked for a range, and did not say which it sent');
}
