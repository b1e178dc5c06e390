import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FrameSize } from '@tapedeck/contracts';
import { runFfmpeg } from '@tapedeck/media';
import type { Bench } from './measure.ts';
import { VIDEO_FPS, type BenchVideo } from './video.ts';

/** One rendition of a stream beside the recording. */
export interface RenditionQuality extends FrameSize {
  name: string;
  sizeBytes: number;
  ssim: number;
}

/** @param dir holds a folder for each rendition, with a `playlist.m3u8` and its segments */
export async function measureRenditions(
  bench: Bench,
  video: BenchVideo,
  { dir, renditions }: { dir: string; renditions: readonly (FrameSize & { name: string })[] },
): Promise<RenditionQuality[]> {
  const measured: RenditionQuality[] = [];
  for (const { name, width, height } of renditions) {
    const renditionDir = join(dir, name);
    const ssim = await measureSsim(bench, video, { dir: renditionDir, width, height });
    measured.push({ name, width, height, ssim, sizeBytes: await sumSegments(renditionDir) });
  }
  return measured;
}

/**
 * Against the recording scaled by a filter that neither way of encoding uses, so that neither is its own judge. Picture
 * by picture: both ways keep every one.
 */
async function measureSsim(
  bench: Bench,
  video: BenchVideo,
  { dir, width, height }: FrameSize & { dir: string },
): Promise<number> {
  const count = `settb=1/${VIDEO_FPS},setpts=N`;
  const { stderrTail } = await runFfmpeg(bench.tools, {
    args: [
      ...['-nostdin', '-hide_banner', '-nostats', '-i', join(dir, 'playlist.m3u8'), '-i', video.path],
      '-filter_complex',
      `[0:v]${count}[shown];[1:v]${count},scale=${width}:${height}:flags=lanczos+accurate_rnd[meant];[shown][meant]ssim`,
      ...['-f', 'null', '-'],
    ],
    cwd: bench.dir,
    signal: bench.signal,
    timeoutMs: bench.environment.JOB_TIMEOUT_MS,
  });
  const all = /SSIM .*All:([\d.]+)/.exec(stderrTail)?.[1];
  if (all === undefined) throw new Error(`bench: expected an SSIM, got ${stderrTail}`);
  return Number(all);
}

async function sumSegments(dir: string): Promise<number> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.ts'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(dir, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
