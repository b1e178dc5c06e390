import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runFfmpeg } from '@tapedeck/media';
import type { Bench } from './measure.ts';
import { measureSsim } from './ssim.ts';
import { FRAME_PATTERN, type BenchTape } from './tape.ts';

/** How near an MP4 comes to the tape that it was made from. */
export interface Quality {
  ssim: number;
  /** Frames of the tape that are never shown, or that begin more than 17 ms too early or too late. */
  misplacedFrames: number;
}

/** What 30 pictures a second cannot be better than (16.7 ms), rounded up. */
const TOLERANCE_MS = 17;
const THUMBNAIL = { width: 160, height: 120 };
const THUMBNAIL_BYTES = THUMBNAIL.width * THUMBNAIL.height;
const SHRINK = `extractplanes=y,scale=${THUMBNAIL.width}:${THUMBNAIL.height}:flags=area`;
const TO_BT601 = 'scale=out_color_matrix=bt601:out_range=tv:flags=area+accurate_rnd+full_chroma_inp,format=';

/** @param tape of 30 frames a second, so that every frame has a picture of its own in a right output */
export async function measureQuality(
  bench: Bench,
  tape: BenchTape,
  { mp4Path, scale }: { mp4Path: string; scale: number },
): Promise<Quality> {
  const ssim = await measureTapeSsim(bench, tape, { mp4Path, scale });
  const misplacedFrames = await countMisplacedFrames(bench, tape, mp4Path);
  return { ssim, misplacedFrames };
}

/**
 * Against the frames enlarged in RGB and only then made 4:2:0: neither way of encoding does it in this order, so
 * neither is its own judge. A picture is compared with the frame of its instant.
 */
async function measureTapeSsim(
  bench: Bench,
  tape: BenchTape,
  { mp4Path, scale }: { mp4Path: string; scale: number },
): Promise<number> {
  const size = `${tape.width * scale}:${tape.height * scale}`;
  const frames = ['-framerate', String(tape.spec.framesPerSec), '-i', join(tape.framesDir, FRAME_PATTERN)];
  return measureSsim(
    bench,
    ['-i', mp4Path, ...frames],
    [
      `[0:v]trim=end_frame=${tape.spec.frameCount}[shown]`,
      `[1:v]scale=${size}:flags=neighbor,format=gbrp,${TO_BT601}yuv420p[meant]`,
    ],
  );
}

async function countMisplacedFrames(bench: Bench, tape: BenchTape, mp4Path: string): Promise<number> {
  const meant = await readThumbnails(bench, [
    ...['-framerate', String(tape.spec.framesPerSec), '-i', join(tape.framesDir, FRAME_PATTERN)],
    ...['-filter_complex', `[0:v]${TO_BT601}yuv444p,${SHRINK},split[pixels][times]`],
  ]);
  const shown = await readThumbnails(bench, [
    ...['-i', mp4Path, '-filter_complex', `[0:v]${SHRINK},split[pixels][times]`],
  ]);
  const firstShownMs = new Map<number, number>();
  for (const { pixels, timeMs } of shown) {
    const frame = findNearest(pixels, meant);
    if (!firstShownMs.has(frame)) firstShownMs.set(frame, timeMs);
  }
  const isMisplaced = (timeMs: number, frame: number): boolean =>
    !(Math.abs((firstShownMs.get(frame) ?? Infinity) - timeMs) <= TOLERANCE_MS);
  return meant.filter(({ timeMs }, frame) => isMisplaced(timeMs, frame)).length;
}

interface Thumbnail {
  pixels: Buffer;
  timeMs: number;
}

/** Every picture's luma at a small size, with the time at which it is shown. */
async function readThumbnails(bench: Bench, inputArgs: readonly string[]): Promise<Thumbnail[]> {
  const keepTimes = ['-fps_mode', 'passthrough'];
  await runFfmpeg(bench.tools, {
    args: [
      ...['-nostdin', '-y', '-v', 'error', ...inputArgs],
      ...['-map', '[pixels]', ...keepTimes, '-f', 'rawvideo', 'thumbnails.gray'],
      ...['-map', '[times]', ...keepTimes, '-f', 'framecrc', 'thumbnails.txt'],
    ],
    cwd: bench.dir,
    signal: bench.signal,
    timeoutMs: bench.environment.JOB_TIMEOUT_MS,
  });
  const pixels = await readFile(join(bench.dir, 'thumbnails.gray'));
  const timesMs = parseFrameTimes(await readFile(join(bench.dir, 'thumbnails.txt'), 'utf8'));
  if (timesMs.length * THUMBNAIL_BYTES !== pixels.length) {
    throw new Error(`bench: expected ${timesMs.length} thumbnails, got ${pixels.length} bytes`);
  }
  return timesMs.map((timeMs, index) => ({
    pixels: pixels.subarray(index * THUMBNAIL_BYTES, (index + 1) * THUMBNAIL_BYTES),
    timeMs,
  }));
}

/** framecrc: `#tb 0: 1/15360`, then a line `stream, dts, pts, duration, size, checksum` for each picture. */
function parseFrameTimes(text: string): number[] {
  const [, numerator, denominator] = /^#tb 0: (\d+)\/(\d+)/m.exec(text) ?? [];
  const tickMs = (1000 * Number(numerator)) / Number(denominator);
  const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return rows.map((row) => Number(row.split(',')[2]) * tickMs);
}

function findNearest(pixels: Buffer, candidates: readonly Thumbnail[]): number {
  const distances = candidates.map((candidate) => sumOfDifferences(pixels, candidate.pixels));
  return distances.indexOf(Math.min(...distances));
}

function sumOfDifferences(a: Buffer, b: Buffer): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += Math.abs(a[index]! - b[index]!);
  return sum;
}
