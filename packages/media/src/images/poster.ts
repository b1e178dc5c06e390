import type { FrameSize } from '@tapedeck/contracts';
import { buildInputGuard, maxPixelsFor, STRICT } from '../ffmpeg/arguments.ts';
import { runFfmpeg } from '../ffmpeg/run-ffmpeg.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { verifyJpeg } from '../verify/verify-jpeg.ts';
import { POSTER_BOX } from './fit.ts';
import { JPEG_85 } from './jpeg.ts';

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
  const { width, height } = fitTapePoster(frame);
  const flags = width >= frame.width ? 'neighbor' : 'lanczos';
  const filter = `format=gbrap,premultiply=inplace=1,scale=${width}:${height}:flags=${flags},format=yuvj420p`;
  const guard = {
    formats: ['png_pipe', 'webp_pipe', 'image2'],
    codecs: ['png', 'webp'],
    maxPixels: maxPixelsFor(frame),
  };
  await runFfmpeg(tools, {
    args: [
      ...[...STRICT, ...buildInputGuard(guard), '-threads', '1', '-i', `file:${frameName}`],
      ...['-frames:v', '1', '-filter:v', filter, ...JPEG_85, '-f', 'image2', '-update', '1'],
      `file:${outputName}`,
    ],
    cwd,
    signal,
    timeoutMs: POSTER_TIMEOUT_MS,
  });
  await verifyJpeg(tools, { fileName: outputName, cwd, signal }, { width, height });
}

/** A whole multiple where the frame is smaller than the box, the largest fit where it is larger. */
function fitTapePoster({ width, height }: FrameSize): FrameSize {
  const fit = Math.min(POSTER_BOX.width / width, POSTER_BOX.height / height);
  const factor = fit >= 1 ? Math.floor(fit) : fit;
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * factor));
  return { width: side(width), height: side(height) };
}
