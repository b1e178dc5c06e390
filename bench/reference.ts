import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { measureFfmpeg, type Bench, type Usage } from './measure.ts';
import type { BenchTape } from './tape.ts';

/**
 * `plain` is the list as the replaced service wrote it. Its time stamps snap to a 1/25 s grid, so `fps=30` drops
 * frames; fewer frames are a smaller file. `corrected` has `option framerate 1000` under each file, which keeps them
 * all: the command as it was meant.
 */
export type ReferenceKind = 'plain' | 'corrected';

export interface ReferenceRun {
  mp4Path: string;
  sizeBytes: number;
  ffmpeg: Usage;
}

const LIST_NAME = 'list.txt';
const MP4_NAME = 'out.mp4';

/** Runs the reference command on frames that are already unpacked. @param scale output size = frame size × scale */
export async function runReference(
  bench: Bench,
  tape: BenchTape,
  { dir, scale, kind }: { dir: string; scale: number; kind: ReferenceKind },
): Promise<ReferenceRun> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, LIST_NAME), buildReferenceList(tape, kind));
  const filter = `fps=30,scale=${tape.width * scale}:${tape.height * scale}:flags=neighbor`;
  const ffmpeg = await measureFfmpeg(bench, dir, [
    ...['-f', 'concat', '-safe', '0', '-i', LIST_NAME, '-vf', filter],
    ...['-c:v', 'libx264', '-preset', 'medium', '-crf', '23', '-pix_fmt', 'yuv420p'],
    // Scratch files of an earlier round are in the way: -y.
    ...['-movflags', '+faststart', '-y', MP4_NAME],
  ]);
  const mp4Path = join(dir, MP4_NAME);
  const { size: sizeBytes } = await stat(mp4Path);
  return { mp4Path, sizeBytes, ffmpeg };
}

function buildReferenceList({ framesDir, frameNames, spec }: BenchTape, kind: ReferenceKind): string {
  const option = kind === 'corrected' ? 'option framerate 1000\n' : '';
  const duration = (1 / spec.framesPerSec).toFixed(7);
  const fileLine = (name: string): string => `file '${join(framesDir, name)}'\n${option}`;
  const lines = frameNames.map((name) => `${fileLine(name)}duration ${duration}\n`);
  return lines.join('') + fileLine(frameNames.at(-1)!);
}
