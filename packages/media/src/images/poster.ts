import { JobError, type FrameSize } from '@tapedeck/contracts';
import { buildInputGuard, maxPixelsFor, QUIET } from '../ffmpeg/arguments.ts';
import { probeFile } from '../ffmpeg/probe.ts';
import { runFfmpeg } from '../ffmpeg/run-ffmpeg.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';

const POSTER_BOX: FrameSize = { width: 1280, height: 720 };
const POSTER_TIMEOUT_MS = 60_000;

export interface PosterJob {
  frameName: string;
  frame: FrameSize;
  outputName: string;
  cwd: string;
  signal: AbortSignal;
}

/** The poster of a tape: one frame as JPEG within 1280×720; pixels stay square and sharp when it is enlarged. */
export async function makeTapePoster(tools: MediaTools, job: PosterJob): Promise<void> {
  const { frameName, frame, outputName, cwd, signal } = job;
  const { width, height } = fitPoster(frame);
  const flags = width >= frame.width ? 'neighbor' : 'lanczos';
  const filter = `format=gbrap,premultiply=inplace=1,scale=${width}:${height}:flags=${flags},format=yuvj420p`;
  const guard = {
    formats: ['png_pipe', 'webp_pipe', 'image2'],
    codecs: ['png', 'webp'],
    maxPixels: maxPixelsFor(frame),
  };
  await runFfmpeg(tools, {
    args: [
      ...[...QUIET, ...buildInputGuard(guard), '-threads', '1', '-i', `file:${frameName}`],
      ...['-frames:v', '1', '-filter:v', filter, '-c:v', 'mjpeg', '-q:v', '3', '-f', 'image2', '-update', '1'],
      `file:${outputName}`,
    ],
    cwd,
    signal,
    timeoutMs: POSTER_TIMEOUT_MS,
  });
  await verifyPoster(tools, job, { width, height });
}

/** A poster is published like the MP4, so it is read back like the MP4. @throws JobError ENCODE_OUTPUT_INVALID */
async function verifyPoster(
  tools: MediaTools,
  { outputName, cwd, signal }: PosterJob,
  expected: FrameSize,
): Promise<void> {
  const guard = { formats: ['image2', 'jpeg_pipe'], codecs: ['mjpeg'] };
  const { streams } = await probeFile(tools, { fileName: outputName, cwd, guard, signal });
  const [picture] = streams;
  if (picture?.codec_name === 'mjpeg' && picture.width === expected.width && picture.height === expected.height) return;
  const got = `${picture?.codec_name} ${picture?.width}x${picture?.height}`;
  throw new JobError('ENCODE_OUTPUT_INVALID', `poster: expected ${expected.width}x${expected.height}, got ${got}`);
}

/** A whole multiple where the frame is smaller than the box, the largest fit where it is larger. */
function fitPoster({ width, height }: FrameSize): FrameSize {
  const fit = Math.min(POSTER_BOX.width / width, POSTER_BOX.height / height);
  const factor = fit >= 1 ? Math.floor(fit) : fit;
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * factor));
  return { width: side(width), height: side(height) };
}
