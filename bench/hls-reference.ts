import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveLadder, type LadderName } from '@tapedeck/contracts';
import { chooseRenditions, type Rendition } from '@tapedeck/media';
import { measureFfmpeg, type Bench, type Usage } from './measure.ts';
import { VIDEO_FPS, type BenchVideo } from './video.ts';

/** One FFmpeg for each rendition and one for the poster, one after the other, on a file that is here already. */
export interface HlsReferenceRun {
  /** The largest rendition first. */
  renditions: readonly { name: string; ffmpeg: Usage }[];
  poster: Usage;
}

const SEGMENT_SEC = 10;
/** Of the duration. */
const POSTER_AT = 0.1;

/** @param dir ends up with a folder for each rendition, as ours */
export async function runHlsReference(
  bench: Bench,
  video: BenchVideo,
  { dir, ladder }: { dir: string; ladder: LadderName },
): Promise<HlsReferenceRun> {
  const { preset, rungs } = resolveLadder(ladder);
  const renditions: { name: string; ffmpeg: Usage }[] = [];
  for (const rendition of chooseRenditions(video.spec, { preset, rungs })) {
    const cwd = join(dir, rendition.name);
    await rm(cwd, { recursive: true, force: true });
    await mkdir(cwd, { recursive: true });
    const ffmpeg = await measureFfmpeg(bench, cwd, buildRenditionArgs(video, rendition, preset));
    renditions.push({ name: rendition.name, ffmpeg });
  }
  const at = String(video.spec.durationSec * POSTER_AT);
  const posterArgs = ['-ss', at, '-i', video.path, '-frames:v', '1', '-vf', "scale='min(1280,iw)':-2", '-q:v', '3'];
  const poster = await measureFfmpeg(bench, dir, [...posterArgs, '-y', 'poster.jpg']);
  return { renditions, poster };
}

function buildRenditionArgs(
  { path }: BenchVideo,
  { height, crf, bitrateKbps, audioKbps }: Rendition,
  preset: string,
): string[] {
  return [
    ...['-i', path, '-vf', `scale=-2:${height}`, '-c:v', 'libx264', '-preset', preset, '-crf', String(crf)],
    ...['-maxrate', `${bitrateKbps}k`, '-bufsize', `${2 * bitrateKbps}k`, '-pix_fmt', 'yuv420p'],
    ...['-g', String(VIDEO_FPS * SEGMENT_SEC), '-sc_threshold', '0'],
    ...['-force_key_frames', `expr:gte(t,n_forced*${SEGMENT_SEC})`],
    ...['-c:a', 'aac', '-b:a', `${audioKbps}k`, '-ac', '2'],
    ...['-f', 'hls', '-hls_time', String(SEGMENT_SEC), '-hls_playlist_type', 'vod'],
    ...['-hls_segment_filename', 'segment-%03d.ts', 'playlist.m3u8'],
  ];
}
