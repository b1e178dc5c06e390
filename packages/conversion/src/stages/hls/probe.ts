import { randomBytes } from 'node:crypto';
import { resolveLadder, type Ladder } from '@tapedeck/contracts';
import {
  chooseRenditions,
  countFrames,
  framesPerSec,
  planHlsEncode,
  planPoster,
  planStoryboard,
  probeSource,
  type HlsEncodePlan,
  type InputGuard,
  type PosterPlan,
  type Rendition,
  type Source,
  type StoryboardPlan,
} from '@tapedeck/media';
import type { HlsContext } from '../../conversion-context.ts';
import type { ConversionPlan } from '../../progress.ts';

/** Every decision about a stream, made before its encode starts. */
export interface HlsPlan {
  source: Source;
  sourceName: string;
  guard: InputGuard;
  ladder: Ladder;
  renditions: readonly Rendition[];
  /** undefined for sound alone. */
  encode: HlsEncodePlan | undefined;
  poster: PosterPlan | undefined;
  storyboard: StoryboardPlan | undefined;
  /** Unique to this run: part of every segment's name. */
  runId: string;
}

/** Looks at the video and decides how to encode it. The decisions are stored on the job. */
export async function probeVideo(context: HlsContext, sourceName: string): Promise<HlsPlan> {
  const { config, progress, request, workspace, signal, tools } = context;
  await progress.enter('probe');
  const file = { fileName: sourceName, cwd: workspace.dir, signal };
  const limits = { maxFramePixels: config.MAX_FRAME_PIXELS, maxDurationSec: config.MAX_DURATION_SEC };
  const { source, guard } = await probeSource(tools, file, limits);
  const ladder = resolveLadder(request.ladder ?? config.HLS_LADDER);
  const plan: HlsPlan = {
    ...{ source, sourceName, guard, ladder, runId: randomBytes(6).toString('hex') },
    ...(source.picture ? planPicture(context, source, ladder) : planSound(ladder)),
  };
  await progress.plan(describePlan(plan));
  return plan;
}

type Plans = Pick<HlsPlan, 'renditions' | 'encode' | 'poster' | 'storyboard'>;

function planPicture({ config, request }: HlsContext, { picture, durationSec }: Source, ladder: Ladder): Plans {
  const renditions = chooseRenditions(picture!.display, ladder);
  const { frameRate } = picture!;
  const frameCount = countFrames(durationSec, frameRate);
  const stills = { size: renditions[0], frameRate, durationSec, frameCount };
  return {
    renditions,
    encode: planHlsEncode({
      picture: picture!,
      renditions,
      preset: ladder.preset,
      threads: config.FFMPEG_THREADS,
      budgetBytes: config.encodeMemoryBytes,
    }),
    poster: planPoster(stills),
    storyboard: request.options.storyboard ? planStoryboard(stills) : undefined,
  };
}

const SOUND_NAME = 'audio';

/** Sound needs no ladder: one rendition at the best rung's bitrate. */
function planSound({ rungs }: Ladder): Plans {
  const { crf, bitrateKbps, audioKbps } = rungs[0];
  const rendition = { name: SOUND_NAME, width: 0, height: 0, crf, bitrateKbps, audioKbps };
  return { renditions: [rendition], encode: undefined, poster: undefined, storyboard: undefined };
}

function describePlan({ source, ladder, renditions, encode, storyboard, runId }: HlsPlan): ConversionPlan {
  const { picture, sound, durationSec } = source;
  const passes = encode?.passes.map((pass) => pass.map(({ name }) => name));
  const pictures = picture ? countFrames(durationSec, picture.frameRate) : 0;
  const pixels = renditions.reduce((sum, { width, height }) => sum + width * height, 0);
  return {
    runId,
    durationSec,
    megapixels: (pictures * pixels) / 1e6,
    source: {
      sound: sound !== undefined,
      ...(picture && {
        codec: picture.codec,
        decoded: picture.decoded,
        display: picture.display,
        framesPerSec: framesPerSec(picture.frameRate),
        colour: picture.colour.kind,
        interlaced: picture.isInterlaced,
      }),
    },
    preset: ladder.preset,
    renditions,
    storyboard: storyboard !== undefined,
    encode: encode && { ...encode.settings, ...encode, settings: undefined, passes },
  };
}
