import { join } from 'node:path';
import { JobError } from '@tapedeck/contracts';
import { probeFile, type Probe } from '../ffmpeg/probe.ts';
import type { InputGuard } from '../ffmpeg/arguments.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { scanSource } from './scan-source.ts';
import { describeSource, type Source } from './source.ts';
import { assertNoPlaylist, buildVideoGuard } from './video-guard.ts';

export interface SourceLimits {
  maxFramePixels: number;
  maxDurationSec: number;
}

/** Coded pictures are a little larger than shown ones: whole macroblocks, and what a container crops. */
const CODED_MARGIN = 1.1;

/**
 * Looks at a file that somebody sent, from outside to inside, and says what there is to show.
 * @throws JobError MEDIA_… saying why it is not accepted
 */
export async function probeSource(
  tools: MediaTools,
  { fileName, cwd, signal }: { fileName: string; cwd: string; signal: AbortSignal },
  limits: SourceLimits,
): Promise<{ source: Source; guard: InputGuard }> {
  await assertNoPlaylist(join(cwd, fileName));
  const guard = buildVideoGuard(Math.ceil(limits.maxFramePixels * CODED_MARGIN));
  const file = { fileName, cwd, guard, signal };
  const probe = await probeFile(tools, file).catch((error: unknown) => {
    throw toRefusal(error, limits);
  });
  assertFramesFit(probe, limits.maxFramePixels);
  const source = describeSource(probe, await scanSource(tools, file, probe.format.format_name));
  if (source.durationSec > limits.maxDurationSec) {
    const got = Math.round(source.durationSec);
    throw new JobError('MEDIA_TOO_LONG', `expected at most ${limits.maxDurationSec} s, got ${got} s`);
  }
  return { source, guard };
}

/** What ffprobe says when it may not, or cannot, open a file. */
function toRefusal(error: unknown, { maxFramePixels }: SourceLimits): unknown {
  if (!(error instanceof JobError) || error.code !== 'MEDIA_UNDECODABLE') return error;
  // A whole whitelist may stand between what was said first and last.
  const message = `${String(error.details.stderrHead)}\n${error.message}`;
  const codec = /Codec \(([^)]+)\) not on whitelist/.exec(message)?.[1];
  if (codec) return new JobError('MEDIA_CODEC_REFUSED', codec);
  if (message.includes('max pixel count')) {
    return new JobError('MEDIA_FRAME_TOO_LARGE', `expected at most ${maxFramePixels} pixels`);
  }
  if (message.includes('moov atom not found')) return new JobError('MEDIA_TRUNCATED', 'its index (moov) is not there');
  return new JobError('MEDIA_UNRECOGNIZED', undefined, { cause: error });
}

function assertFramesFit({ streams }: Probe, maxFramePixels: number): void {
  for (const { width = 0, height = 0 } of streams) {
    if (width * height <= maxFramePixels) continue;
    throw new JobError('MEDIA_FRAME_TOO_LARGE', `expected at most ${maxFramePixels} pixels, got ${width}x${height}`);
  }
}
