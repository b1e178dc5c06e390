import type { FrameSize } from '@tapedeck/contracts';
import { buildInputGuard, QUIET, type InputGuard } from '../ffmpeg/arguments.ts';
import { runFfmpeg } from '../ffmpeg/run-ffmpeg.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { verifyJpeg } from '../verify/verify-jpeg.ts';
import { JPEG_85 } from './jpeg.ts';

const COVER_TIMEOUT_MS = 60_000;

/** The poster of sound: the picture that lies beside it. */
export async function makeCoverPoster(
  tools: MediaTools,
  job: {
    sourceName: string;
    guard: InputGuard;
    streamIndex: number;
    size: FrameSize;
    outputName: string;
    cwd: string;
    signal: AbortSignal;
  },
): Promise<void> {
  const { sourceName, guard, streamIndex, size, outputName, cwd, signal } = job;
  const filter = `scale=${size.width}:${size.height}:out_range=pc:out_color_matrix=bt601,format=yuvj420p`;
  await runFfmpeg(tools, {
    args: [
      ...[...QUIET, ...buildInputGuard(guard), '-i', `file:${sourceName}`, '-map', `0:${streamIndex}`],
      ...['-frames:v', '1', '-filter:v', filter, ...JPEG_85, '-f', 'image2', '-update', '1', `file:${outputName}`],
    ],
    cwd,
    signal,
    timeoutMs: COVER_TIMEOUT_MS,
  });
  await verifyJpeg(tools, { fileName: outputName, cwd, signal }, size);
}
