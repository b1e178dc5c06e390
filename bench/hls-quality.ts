import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FrameSize } from '@tapedeck/contracts';
import type { Bench } from './measure.ts';
import { measureSsim } from './ssim.ts';
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
    const ssim = await measureRenditionSsim(bench, video, { dir: renditionDir, width, height });
    measured.push({ name, width, height, ssim, sizeBytes: await sumSegments(renditionDir) });
  }
  return measured;
}

/**
 * Against the recording scaled by a filter that neither way of encoding uses, so that neither is its own judge. Picture
 * by picture: both ways keep every one.
 */
async function measureRenditionSsim(
  bench: Bench,
  video: BenchVideo,
  { dir, width, height }: FrameSize & { dir: string },
): Promise<number> {
  const count = `settb=1/${VIDEO_FPS},setpts=N`;
  return measureSsim(
    bench,
    ['-i', join(dir, 'playlist.m3u8'), '-i', video.path],
    [`[0:v]${count}[shown]`, `[1:v]${count},scale=${width}:${height}:flags=lanczos+accurate_rnd[meant]`],
  );
}

async function sumSegments(dir: string): Promise<number> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.ts'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(dir, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
