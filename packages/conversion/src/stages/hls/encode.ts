import { mkdir, rename, writeFile } from 'node:fs/promises';
import { HLS_NAMES, type FrameSize } from '@tapedeck/contracts';
import {
  buildHlsArgv,
  buildMasterPlaylist,
  buildMediaPlaylist,
  buildStoryboardVtt,
  choosePoster,
  fitInto,
  STILL_FILES,
  makeCoverPoster,
  measureRendition,
  measureStills,
  readWritten,
  POSTER_BOX,
  runFfmpeg,
  type MeasuredRendition,
  type Rendition,
  type ToolResult,
} from '@tapedeck/media';
import type { HlsContext } from '../../conversion-context.ts';
import { orNotWritten } from '../or-not-written.ts';
import type { HlsPlan } from './probe.ts';

/** Files in the workspace, by the names that they will have below the slug. */
export interface HlsArtifacts {
  renditions: readonly MeasuredRendition[];
  poster: PosterArtifact | undefined;
  storyboardNames: readonly string[];
}

export interface PosterArtifact extends FrameSize {
  name: string;
}

export async function encodeHls(context: HlsContext, plan: HlsPlan): Promise<HlsArtifacts> {
  const { progress, workspace } = context;
  await progress.enter('encode');
  const passes = plan.encode?.passes ?? [plan.renditions];
  for (const { name } of plan.renditions) await mkdir(workspace.path(name));
  let complaints = '';
  for (const index of passes.keys()) {
    const { stderrTail } = await runPass(context, plan, passes, index);
    complaints += stderrTail;
  }
  const renditions = await Promise.all(
    plan.renditions.map((rendition) => measureRendition(workspace.dir, rendition, plan.source, complaints)),
  );
  for (const { playlistName, segments } of renditions) {
    await writeFile(workspace.path(playlistName), buildMediaPlaylist(segments));
  }
  await writeFile(workspace.path(HLS_NAMES.master), buildMasterPlaylist(renditions));
  const poster = await makePoster(context, plan);
  const storyboardNames = await finishStoryboard(context, plan);
  progress.note({ bytes: sumBytes(renditions) });
  return { renditions, poster, storyboardNames };
}

function sumBytes(renditions: readonly MeasuredRendition[]): number {
  return renditions.flatMap(({ segments }) => segments).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Stills come out of the first pass, which has the largest rendition. */
async function runPass(
  { config, tools, workspace, signal, progress }: HlsContext,
  plan: HlsPlan,
  passes: readonly (readonly Rendition[])[],
  index: number,
): Promise<ToolResult> {
  const { source, sourceName, guard, ladder, encode, runId, poster, storyboard } = plan;
  const args = buildHlsArgv({
    ...{ source, sourceName, guard, runId, preset: ladder.preset, renditions: passes[index]! },
    settings: encode?.settings,
    decoderThreads: encode?.decoderThreads ?? 1,
    poster: index === 0 ? poster : undefined,
    storyboard: index === 0 ? storyboard : undefined,
  });
  return runFfmpeg(tools, {
    args,
    cwd: workspace.dir,
    signal,
    timeoutMs: config.JOB_TIMEOUT_MS,
    stallMs: config.JOB_STUCK_AFTER_MS,
    onProgress: ({ outTimeSec }) =>
      progress.advance((index + Math.min(1, outTimeSec / source.durationSec)) / passes.length),
  });
}

async function makePoster(
  context: HlsContext,
  { poster, source, sourceName, guard }: HlsPlan,
): Promise<PosterArtifact | undefined> {
  const { tools, workspace, signal, logger } = context;
  if (poster) {
    await orNotWritten('the poster', async () => {
      const stats = measureStills(await readWritten(workspace.path(STILL_FILES.posterStats)));
      const chosen = STILL_FILES.posterCandidate(choosePoster(poster, stats));
      await rename(workspace.path(chosen), workspace.path(HLS_NAMES.poster));
    });
    return { name: HLS_NAMES.poster, width: poster.width, height: poster.height };
  }
  if (!source.cover) return undefined;
  const size = fitInto(source.cover, POSTER_BOX);
  const job = { sourceName, guard, size, streamIndex: source.cover.index, outputName: HLS_NAMES.poster };
  return makeCoverPoster(tools, { ...job, cwd: workspace.dir, signal }).then(
    () => ({ name: HLS_NAMES.poster, ...size }),
    (error: unknown) => {
      signal.throwIfAborted();
      // A broken cover is no reason to lose the sound.
      logger.warn({ err: error }, 'the cover cannot be read');
      return undefined;
    },
  );
}

async function finishStoryboard({ workspace }: HlsContext, { storyboard, source }: HlsPlan): Promise<string[]> {
  if (!storyboard) return [];
  const vtt = buildStoryboardVtt(storyboard, HLS_NAMES.storyboard, source.durationSec);
  await writeFile(workspace.path(HLS_NAMES.storyboardVtt), vtt);
  return [HLS_NAMES.storyboard, HLS_NAMES.storyboardVtt];
}
