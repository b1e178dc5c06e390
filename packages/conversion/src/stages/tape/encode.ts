import { stat } from 'node:fs/promises';
import { JobError } from '@tapedeck/contracts';
import {
  AUDIO_BITS_PER_SEC,
  buildTapeArgv,
  CEILING_BUFFER_SEC,
  makeTapePoster,
  maxPixelsFor,
  runFfmpeg,
  type TapeEncode,
} from '@tapedeck/media';
import type { TapeContext } from '../../conversion-context.ts';
import { orNotWritten } from '../or-not-written.ts';
import type { TapePlan } from './probe.ts';

/** Files in the workspace. */
export interface TapeArtifacts {
  mp4Name: string;
  posterName: string | undefined;
}

const MP4_NAME = 'out.mp4';
const POSTER_NAME = 'poster.jpg';
/** Of a size limit, what the picture may plan with: the rest is the container and the rate control's error. */
const SIZE_MARGIN = 0.93;

export async function encodeTape(context: TapeContext, plan: TapePlan): Promise<TapeArtifacts> {
  const { progress, request, logger } = context;
  await progress.enter('encode');
  const { maxBytes, poster } = request.options;
  let sizeBytes = await runTapeEncode(context, plan);
  if (maxBytes !== undefined && sizeBytes > maxBytes) {
    logger.info({ sizeBytes, maxBytes }, 'too large, encoded again under a bitrate ceiling');
    sizeBytes = await runTapeEncode(context, plan, ceilingFor(maxBytes, plan));
    if (sizeBytes > maxBytes) {
      throw new JobError('ENCODE_OUTPUT_TOO_LARGE', `expected at most ${maxBytes} bytes, got ${sizeBytes}`);
    }
  }
  const posterName = poster ? await makePoster(context, plan) : undefined;
  progress.note({ bytes: sizeBytes });
  return { mp4Name: MP4_NAME, posterName };
}

/** @returns the size of the MP4 in bytes */
async function runTapeEncode(context: TapeContext, plan: TapePlan, maxVideoBitsPerSec?: number): Promise<number> {
  const { config, progress, request, signal, tools, workspace } = context;
  const { timeline, frame, output, encode, listName, soundtrackName } = plan;
  const { crf, preset } = request.options;
  const job: TapeEncode = {
    listName,
    soundtrackName,
    outputName: MP4_NAME,
    frame,
    output,
    timeline,
    crf,
    preset,
    plan: encode,
    maxPixels: maxPixelsFor(plan.largestFrame),
    ...(maxVideoBitsPerSec !== undefined && { maxVideoBitsPerSec }),
  };
  await runFfmpeg(tools, {
    args: buildTapeArgv(job),
    cwd: workspace.dir,
    signal,
    timeoutMs: config.JOB_TIMEOUT_MS,
    stallMs: config.JOB_STUCK_AFTER_MS,
    onProgress: ({ frame: pictures }) => progress.advance(pictures / timeline.pictureCount),
  });
  const { size } = await orNotWritten('the MP4', () => stat(workspace.path(MP4_NAME)));
  return size;
}

/** The bitrate at which picture and sound together stay below `maxBytes`. */
function ceilingFor(maxBytes: number, { timeline, soundtrackName }: TapePlan): number {
  // A buffer of bits may be spent on top of the steady rate.
  const totalBitsPerSec = (maxBytes * 8 * SIZE_MARGIN) / (timeline.durationSec + CEILING_BUFFER_SEC);
  const videoBitsPerSec = Math.floor(totalBitsPerSec - (soundtrackName ? AUDIO_BITS_PER_SEC : 0));
  if (videoBitsPerSec < 1_000)
    throw new JobError('ENCODE_OUTPUT_TOO_LARGE', `${maxBytes} bytes are too few for any picture`);
  return videoBitsPerSec;
}

async function makePoster(context: TapeContext, { posterFrame }: TapePlan): Promise<string> {
  const { tools, workspace, signal } = context;
  await makeTapePoster(tools, {
    frameName: posterFrame.fileName,
    frame: posterFrame,
    outputName: POSTER_NAME,
    cwd: workspace.dir,
    signal,
  });
  return POSTER_NAME;
}
