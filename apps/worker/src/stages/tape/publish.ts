import type { TapeOutput } from '@tapedeck/contracts';
import type { VerifiedMp4 } from '@tapedeck/media';
import { buildTapeKeys } from '@tapedeck/transfer';
import type { TapeContext } from '../../attempt-context.ts';
import { publishFile } from '../publish-file.ts';
import type { TapeArtifacts } from './encode.ts';

/** Makes the verified files public: the poster first, so that whoever hears of the MP4 finds both. */
export async function publishTape(
  context: TapeContext,
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
