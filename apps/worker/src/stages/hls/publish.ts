import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path/posix';
import type { HlsOutput } from '@tapedeck/contracts';
import type { VerifiedHls } from '@tapedeck/media';
import { buildHlsKey, MASTER_NAME } from '@tapedeck/transfer';
import type { HlsContext } from '../../attempt-context.ts';
import { publishFile } from '../publish-file.ts';
import { STORYBOARD_VTT_NAME, type HlsArtifacts } from './encode.ts';

/**
 * Makes a verified stream public. What a viewer of the version before may still ask for stays: new segments have new
 * names, and only when all of them are there do the names change their meaning, playlists first, the master last.
 *
 * When it fails, the version before is whole again: replaced objects are put back, new segments removed.
 */
export async function publishHls(context: HlsContext, artifacts: HlsArtifacts, hls: VerifiedHls): Promise<HlsOutput> {
  await context.progress.enter('publish');
  // First: a worker that dies in the middle of this leaves segments that somebody must remove.
  await context.scheduleCleanup();
  const segments = listSegments(artifacts);
  let areNamed = false;
  try {
    const segmentBytes = await publishSegments(context, segments);
    const replacedBytes = await context.takeTurn(() => {
      areNamed = true;
      return replaceObjects(context, listReplacements(artifacts), segments);
    });
    const sizeBytes = segmentBytes + replacedBytes;
    context.logger.info({ phase: 'publish', segments: segments.length, sizeBytes }, 'published');
    return describeOutput(context, artifacts, hls, sizeBytes);
  } catch (error) {
    if (!areNamed) await removeSegments(context, segments);
    throw error;
  }
}

function keyOf({ request }: HlsContext, name: string): string {
  return buildHlsKey(request.slug, name);
}

function listSegments({ renditions }: HlsArtifacts): string[] {
  return renditions.flatMap(({ playlistName, segments }) =>
    segments.map(({ uri }) => `${dirname(playlistName)}/${uri}`),
  );
}

/** What keeps its name from run to run, in the order in which it is replaced. */
function listReplacements({ renditions, poster, storyboardNames }: HlsArtifacts): string[] {
  const playlists = renditions.map(({ playlistName }) => playlistName);
  return [...playlists, ...(poster ? [poster.name] : []), ...storyboardNames, MASTER_NAME];
}

const IN_FLIGHT = 4;

/** Several at once: a segment is small, and a store far away. */
async function publishSegments(context: HlsContext, names: readonly string[]): Promise<number> {
  const queue = names.values();
  let published = 0;
  let sizeBytes = 0;
  const publishSome = async (): Promise<void> => {
    for (const name of queue) {
      sizeBytes += await publishFile(context, name, keyOf(context, name));
      published += 1;
      context.progress.advance(published / names.length);
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: IN_FLIGHT }, publishSome));
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
  return sizeBytes;
}

/** All of them, or, as far as it can be done, none: what was replaced before a failure is put back. */
async function replaceObjects(
  context: HlsContext,
  names: readonly string[],
  segments: readonly string[],
): Promise<number> {
  const previous = new Map<string, string | undefined>();
  let sizeBytes = 0;
  try {
    for (const name of names) {
      previous.set(name, await keepPrevious(context, name));
      sizeBytes += await publishFile(context, name, keyOf(context, name));
    }
    return sizeBytes;
  } catch (error) {
    await putBack(context, previous).then(
      () => removeSegments(context, segments),
      // Playlists may name the new segments by now, so these stay; the scheduled cleanup will know.
      (cause: unknown) => context.logger.warn({ err: cause }, 'the version before could not be put back'),
    );
    throw error;
  }
}

const MAX_REPLACED_BYTES = 16 * 1024 * 1024;

/** @returns the file in the workspace that holds what was there before, or undefined when nothing was */
async function keepPrevious(context: HlsContext, name: string): Promise<string | undefined> {
  const { store, request, signal, workspace } = context;
  const content = await store.read(request.bucket, keyOf(context, name), MAX_REPLACED_BYTES, signal);
  if (!content) return undefined;
  const fileName = `previous-${name.replaceAll('/', '-')}`;
  await writeFile(workspace.path(fileName), content);
  return fileName;
}

const UNDO_TIMEOUT_MS = 30_000;

/** An attempt may have been aborted; what it began must be undone all the same. */
function unhurried(context: HlsContext): HlsContext {
  return { ...context, signal: AbortSignal.timeout(UNDO_TIMEOUT_MS) };
}

async function putBack(context: HlsContext, previous: ReadonlyMap<string, string | undefined>): Promise<void> {
  const undoing = unhurried(context);
  for (const [name, fileName] of [...previous].reverse()) {
    if (fileName) await publishFile(undoing, fileName, keyOf(context, name));
    else await context.store.remove(context.request.bucket, keyOf(context, name), undoing.signal);
  }
}

/** No playlist names them, and their names come from this run alone. */
async function removeSegments(context: HlsContext, names: readonly string[]): Promise<void> {
  const { signal } = unhurried(context);
  for (const name of names) {
    await context.store
      .remove(context.request.bucket, keyOf(context, name), signal)
      .catch((error: unknown) => context.logger.warn({ err: error }, 'a segment remains'));
  }
}

function describeOutput(
  context: HlsContext,
  { renditions, poster, storyboardNames }: HlsArtifacts,
  { durationSec }: VerifiedHls,
  sizeBytes: number,
): HlsOutput {
  const { store, request } = context;
  const urlOf = (name: string): string => store.publicUrl(request.bucket, keyOf(context, name), request.videoUrl);
  const largest = renditions[0]!.size;
  return {
    hlsUrl: urlOf(MASTER_NAME),
    ...(poster && { posterUrl: urlOf(poster.name) }),
    ...(storyboardNames.length > 0 && { storyboardUrl: urlOf(STORYBOARD_VTT_NAME) }),
    duration: durationSec,
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
