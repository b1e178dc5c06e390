import { HLS_NAMES, type HlsOutput } from '@tapedeck/contracts';
import { listNamed, listSegments, type MadeHls } from '@tapedeck/conversion';
import { inLanes } from '@tapedeck/runtime';
import { buildHlsKey } from '@tapedeck/transfer';
import type { HlsAttempt } from '../attempt-context.ts';
import { publishFile } from './publish-file.ts';
import { replaceObjects, UNDO_TIMEOUT_MS } from './replace-objects.ts';

/**
 * Makes a verified stream public. What a viewer of the version before may still ask for stays: new segments have new
 * names, and only when all of them are there do the names change their meaning, playlists first, the master last.
 *
 * When it fails before the first name has changed, the new segments are removed. When it fails later, the names get
 * their old meaning back, and the new segments stay for those who have seen a new playlist; the cleanup removes them.
 */
export async function publishHls(context: HlsAttempt, made: MadeHls): Promise<HlsOutput> {
  await context.progress.enter('publish');
  // First: a worker that dies in the middle of this leaves segments, and parts of them, that somebody must remove.
  await context.announcePublishing({ slug: context.request.slug });
  await context.scheduleCleanup();
  const segmentBytes = await publishSegments(context, listSegments(made));
  const named = listNamed(made).map((fileName) => ({ fileName, key: keyOf(context, fileName) }));
  const namedBytes = await replaceObjects(context, named, { lastMayBeLarge: false });
  // Again: only from now on is the version before superseded.
  await context.scheduleCleanup();
  const sizeBytes = segmentBytes + namedBytes;
  context.progress.note({ bytes: sizeBytes });
  return describeOutput(context, made, sizeBytes);
}

function keyOf({ request }: HlsAttempt, name: string): string {
  return buildHlsKey(request.slug, name);
}

async function publishSegments(context: HlsAttempt, names: readonly string[]): Promise<number> {
  let published = 0;
  let sizeBytes = 0;
  try {
    await inLanes(names, async (name) => {
      const segmentBytes = await publishFile(context, name, keyOf(context, name));
      sizeBytes += segmentBytes;
      published += 1;
      context.progress.advance(published / names.length);
    });
    return sizeBytes;
  } catch (error) {
    await removeSegments(context, names);
    throw error;
  }
}

/** No playlist names them, and their names come from this run alone. What is not removed in time, the cleanup removes. */
async function removeSegments({ store, request, logger }: HlsAttempt, names: readonly string[]): Promise<void> {
  const signal = AbortSignal.timeout(UNDO_TIMEOUT_MS);
  await inLanes(names, async (name) => {
    signal.throwIfAborted();
    await store.remove(request.bucket, buildHlsKey(request.slug, name), signal);
  }).catch((error: unknown) => logger.warn({ err: error }, 'segments of a failed publication wait for the cleanup'));
}

function describeOutput(
  context: HlsAttempt,
  { renditions, poster, storyboardNames, hls }: MadeHls,
  sizeBytes: number,
): HlsOutput {
  const { store, request } = context;
  const urlOf = (name: string): string => store.publicUrl(request.bucket, keyOf(context, name), request.videoUrl);
  const largest = renditions[0]!.size;
  return {
    hlsUrl: urlOf(HLS_NAMES.master),
    ...(poster && { posterUrl: urlOf(poster.name) }),
    ...(storyboardNames.length > 0 && { storyboardUrl: urlOf(HLS_NAMES.storyboardVtt) }),
    duration: hls.durationSec,
    size: sizeBytes,
    resolution: largest ? [largest.width, largest.height] : null,
    renditions: renditions.map(({ name, size, peakBandwidth, playlistName }) => ({
      name,
      width: size?.width ?? null,
      height: size?.height ?? null,
      bandwidth: peakBandwidth,
      playlistUrl: urlOf(playlistName),
    })),
  };
}
