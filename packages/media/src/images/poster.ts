import type { FrameSize } from '@tapedeck/contracts';
import { runEncode } from '../ffmpeg/encode.ts';
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
  const { width, height } = fitPoster(job.frame);
  const flags = width >= job.frame.width ? 'neighbor' : 'lanczos';
  const filter = `format=gbrap,premultiply=inplace=1,scale=${width}:${height}:flags=${flags},format=yuvj420p`;
  await runEncode(tools, {
    args: [
      ...['-nostdin', '-y', '-hide_banner', '-nostats', '-v', 'error', '-xerror'],
      ...[
        '-protocol_whitelist',
        'file',
        '-codec_whitelist',
        'png,webp',
        '-threads',
        '1',
        '-i',
        `file:${job.frameName}`,
      ],
      ...['-frames:v', '1', '-filter:v', filter, '-c:v', 'mjpeg', '-q:v', '3', '-f', 'image2', '-update', '1'],
      `file:${job.outputName}`,
    ],
    cwd: job.cwd,
    signal: job.signal,
    timeoutMs: POSTER_TIMEOUT_MS,
  });
}

/** A whole multiple where the frame is smaller than the box, the largest fit where it is larger. */
function fitPoster({ width, height }: FrameSize): FrameSize {
  const fit = Math.min(POSTER_BOX.width / width, POSTER_BOX.height / height);
  const factor = fit >= 1 ? Math.floor(fit) : fit;
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * factor));
  return { width: side(width), height: side(height) };
}
