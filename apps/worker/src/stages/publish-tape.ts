import { stat } from 'node:fs/promises';
import type { TapeOutput, Upload } from '@tapedeck/contracts';
import type { MadeMp4 } from '@tapedeck/conversion';
import { buildTapeKeys, putToPresignedUrl, withoutSignature } from '@tapedeck/transfer';
import type { TapeAttempt } from '../attempt-context.ts';
import { replaceObjects } from './replace-objects.ts';

/**
 * Makes the verified files public: the poster first, so that whoever hears of the MP4 finds both. In the bucket, or where
 * the caller's presigned URLs say.
 */
export async function publishTape(context: TapeAttempt, made: MadeMp4): Promise<TapeOutput> {
  const { upload } = context.request;
  await context.progress.enter('publish');
  const { bytes, ...urls } = upload ? await uploadTo(context, upload, made) : await publishToBucket(context, made);
  const { mp4 } = made;
  context.progress.note({ bytes });
  return { ...urls, duration: mp4.durationSec, size: mp4.sizeBytes, resolution: [mp4.width, mp4.height] };
}

type Published = Pick<TapeOutput, 'mp4Url' | 'posterUrl'> & { bytes: number };

async function publishToBucket(context: TapeAttempt, { mp4Name, posterName }: MadeMp4): Promise<Published> {
  const { request, store, addresses } = context;
  const { mp4Key, posterKey } = buildTapeKeys(request, addresses);
  await context.announcePublishing({ keys: [mp4Key, posterKey] });
  const poster = posterName ? [{ fileName: posterName, key: posterKey }] : [];
  const replacements = [...poster, { fileName: mp4Name, key: mp4Key }];
  const bytes = await replaceObjects(context, replacements, { lastMayBeLarge: true });
  const urlOf = (key: string): string => store.publicUrl(request.bucket, key, request.zipUrl);
  return { bytes, mp4Url: urlOf(mp4Key), ...(posterName && { posterUrl: urlOf(posterKey) }) };
}

async function uploadTo(
  context: TapeAttempt,
  { putUrl, posterPutUrl }: Upload,
  { mp4Name, posterName }: MadeMp4,
): Promise<Published> {
  const poster = posterName && posterPutUrl ? await uploadFile(context, posterName, posterPutUrl) : undefined;
  const mp4 = await uploadFile(context, mp4Name, putUrl);
  const bytes = mp4.bytes + (poster?.bytes ?? 0);
  return { bytes, mp4Url: mp4.url, ...(poster && { posterUrl: poster.url }) };
}

interface Uploaded {
  /** Without its signature, which nobody else is to see. */
  url: string;
  bytes: number;
}

async function uploadFile(context: TapeAttempt, fileName: string, putUrl: string): Promise<Uploaded> {
  const { agent, policy, signal, workspace, assertHolder, logger } = context;
  const path = workspace.path(fileName);
  const { size: sizeBytes } = await stat(path);
  await putToPresignedUrl({ putUrl, path, sizeBytes, assertMayPublish: assertHolder }, { agent, policy, signal });
  logger.debug({ sizeBytes }, 'uploaded');
  return { url: withoutSignature(putUrl), bytes: sizeBytes };
}
