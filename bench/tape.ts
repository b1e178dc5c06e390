import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FrameSize } from '@tapedeck/contracts';
import { encodePng } from '../scripts/sample/png.ts';
import { encodeZip } from '../scripts/sample/zip.ts';
import { createPainter, FRAME_HEIGHT, FRAME_WIDTH } from './paint.ts';

export interface TapeSpec {
  frameCount: number;
  framesPerSec: number;
  seed: number;
}

/** One tape on disk twice: as the ZIP that we are given, and as the loose frames that the reference command needs. */
export interface BenchTape extends FrameSize {
  spec: TapeSpec;
  zipPath: string;
  zipBytes: number;
  framesDir: string;
  /** In the order of showing. */
  frameNames: readonly string[];
}

/** The frames' names as FFmpeg's image2 demuxer wants them. */
export const FRAME_PATTERN = 'frame-%05d.png';

/** @param dir of its own; made here */
export async function makeTape(dir: string, spec: TapeSpec, signal: AbortSignal): Promise<BenchTape> {
  const framesDir = join(dir, 'frames');
  await mkdir(framesDir, { recursive: true });
  const painter = createPainter(spec.seed);
  const files = new Map<string, Buffer>();
  for (let frame = 0; frame < spec.frameCount; frame += 1) {
    signal.throwIfAborted();
    const name = FRAME_PATTERN.replace('%05d', String(frame).padStart(5, '0'));
    const png = encodePng(FRAME_WIDTH, FRAME_HEIGHT, painter.paint(frame / spec.framesPerSec));
    await writeFile(join(framesDir, name), png);
    files.set(name, png);
  }
  const frameNames = [...files.keys()];
  files.set('timing.json', Buffer.from(JSON.stringify(buildTiming(frameNames, spec))));
  const zip = await encodeZip(files);
  const zipPath = join(dir, 'tape.zip');
  await writeFile(zipPath, zip);
  return { spec, zipPath, zipBytes: zip.length, framesDir, frameNames, width: FRAME_WIDTH, height: FRAME_HEIGHT };
}

/** As the recorder writes it: milliseconds, floats. */
function buildTiming(frameNames: readonly string[], { framesPerSec }: TapeSpec): object[] {
  const duration = 1000 / framesPerSec;
  return frameNames.map((filename, frame) => ({ frame, filename, duration, timestamp: frame * duration }));
}
