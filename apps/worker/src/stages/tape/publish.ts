import { stat } from 'node:fs/promises';
import type { TapeOutput } from '@tapedeck/contracts';
import type { VerifiedMp4 } from '@tapedeck/media';
import { addressOf, buildTapeKeys, putToPresignedUrl } from '@tapedeck/transfer';
import type { TapeContext } from '../../attempt-context.ts';
import { publishFile } from '../publish-file.ts';
import type { TapeArtifacts } from './encode.ts';

/** Makes the verified files public: the poster first, so that whoever hears of the MP4 finds both. */
export async function publishTape(
  context: TapeContext,
  mp4: VerifiedMp4,
  { mp4Name, posterName }: TapeArtifacts,
): Promise<TapeOutput> {
  await context.progress.enter('publish');
  const { publishPoster, publishMp4 } = await prepareDestination(context);
  const posterUrl = posterName && (await publishPoster(posterName));
  const mp4Url = await publishMp4(mp4Name);
  return {
    mp4Url,
    ...(posterUrl && { posterUrl }),
    duration: mp4.durationSec,
    size: mp4.sizeBytes,
    resolution: [mp4.width, mp4.height],
  };
}

/** Each takes the name of a file in the workspace and answers the URL at which it is now. */
interface Destination {
  publishPoster(fileName: string): Promise<string>;
  publishMp4(fileName: string): Promise<string>;
}

async function prepareDestination(context: TapeContext): Promise<Destination> {
  const { request, store, addresses } = context;
  const { bucket, zipUrl, upload } = request;
  if (upload) {
    const { putUrl, posterPutUrl } = upload;
    return {
      publishPoster: (fileName) => uploadFile(context, fileName, posterPutUrl!),
      publishMp4: (fileName) => uploadFile(context, fileName, putUrl),
    };
  }
  const { mp4Key, posterKey } = buildTapeKeys(request, addresses);
  await context.announcePublishing({ keys: [mp4Key, posterKey] });
  const publish = async (fileName: string, key: string): Promise<string> => {
    await publishFile(context, fileName, key);
    return store.publicUrl(bucket, key, zipUrl);
  };
  return {
    publishPoster: (fileName) => publish(fileName, posterKey),
    publishMp4: (fileName) => publish(fileName, mp4Key),
  };
}

/** @returns where the file is: the URL without its signature, which nobody else is to see */
async function uploadFile(context: TapeContext, fileName: string, putUrl: string): Promise<string> {
  const { agent, policy, signal, workspace, assertHolder, logger } = context;
  const path = workspace.path(fileName);
  const { size: sizeBytes } = await stat(path);
  await putToPresignedUrl({ putUrl, path, sizeBytes, assertMayPublish: assertHolder }, { agent, policy, signal });
  logger.debug({ phase: 'publish', sizeBytes }, 'uploaded');
  return addressOf(putUrl);
}
