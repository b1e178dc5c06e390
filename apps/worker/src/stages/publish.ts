import { stat } from 'node:fs/promises';
import { JobError, type TapeOutput } from '@tapedeck/contracts';
import type { VerifiedMp4 } from '@tapedeck/media';
import { buildTapeKeys, hashFile, type Publication } from '@tapedeck/transfer';
import type { AttemptContext } from '../attempt-context.ts';
import type { TapeArtifacts } from './encode.ts';

/** Makes the verified files public: the poster first, so that whoever hears of the MP4 finds both. */
export async function publishTape(
  context: AttemptContext,
  mp4: VerifiedMp4,
  { mp4Name, posterName }: TapeArtifacts,
): Promise<TapeOutput> {
  const { request, store, addresses, progress } = context;
  await progress.enter('publish');
  const { bucket, zipUrl } = request;
  const { mp4Key, posterKey } = buildTapeKeys(request, addresses);
  if (posterName) await publishFile(context, posterName, posterKey);
  await publishFile(context, mp4Name, mp4Key);
  return {
    mp4Url: store.publicUrl(bucket, mp4Key, zipUrl),
    ...(posterName && { posterUrl: store.publicUrl(bucket, posterKey, zipUrl) }),
    duration: mp4.durationSec,
    size: mp4.sizeBytes,
    resolution: [mp4.width, mp4.height],
  };
}

/** Uploads one file and asks the store what it holds now. Its answer, not the upload's, says whether it worked. */
async function publishFile(context: AttemptContext, fileName: string, key: string): Promise<void> {
  const { request, store, workspace, signal, logger } = context;
  const path = workspace.path(fileName);
  const [{ size: sizeBytes }, sha256Hex] = await Promise.all([stat(path), hashFile(path)]);
  const publication: Publication = {
    ...{ bucket: request.bucket, key, path, sizeBytes, sha256Hex },
    assertMayPublish: () => context.assertHolder(),
  };
  await store.put(publication, signal);
  const stored = await store.head(publication.bucket, key, signal);
  if (stored?.sizeBytes !== sizeBytes || stored.sha256Hex !== sha256Hex) {
    throw new JobError('STORAGE_MISMATCH', `expected ${sizeBytes} bytes, got ${stored?.sizeBytes ?? 'nothing'}`);
  }
  logger.info({ phase: 'publish', key, sizeBytes }, 'published');
}
