import { join } from 'node:path';
import type { Bench, Usage } from './measure.ts';
import { convertTape } from './ours.ts';
import { measureQuality, type Quality } from './quality.ts';
import { runReference, type ReferenceKind } from './reference.ts';
import { readBusySec, takeMedians } from './samples.ts';
import type { BenchTape } from './tape.ts';

export type Way = 'ours' | ReferenceKind;

interface Sample {
  /** Ours: from the ZIP to the verified file. The reference: FFmpeg alone, on frames already unpacked. */
  wallSec: number;
  ffmpegSec: number;
  cpuSec: number;
  peakBytes: number;
  sizeBytes: number;
  /** What everything but FFmpeg took of the cores meanwhile. Where it is much, wall times say little. */
  otherCpuSec: number;
}

/** The medians of a way's samples. */
export interface WayResult extends Sample {
  way: Way;
  samples: readonly Sample[];
  quality: Quality | undefined;
}

export interface CompareOptions {
  /** Names the scratch directories and the progress lines. */
  title: string;
  ways: readonly Way[];
  rounds: number;
  /** Output size = frame size × scale. */
  scale: number;
  judgesQuality: boolean;
}

/** Runs the ways in turn, round after round, so that a busy minute of the machine meets all of them. */
export async function compareWays(bench: Bench, tape: BenchTape, options: CompareOptions): Promise<WayResult[]> {
  const { title, ways, rounds, scale, judgesQuality } = options;
  const samples = new Map<Way, Sample[]>(ways.map((way) => [way, []]));
  const dirOf = (way: Way): string => join(bench.dir, `${title}-${way}`);
  for (let round = 1; round <= rounds; round += 1) {
    for (const way of ways) {
      const sample = await takeSample(bench, tape, { way, dir: dirOf(way), scale });
      samples.get(way)!.push(sample);
      console.log(`  · ${title}, round ${round} of ${rounds}: ${way} ${sample.wallSec.toFixed(1)} s`);
    }
  }
  const results: WayResult[] = [];
  for (const way of ways) {
    // x264 gives the same bytes every time, so the last round's file speaks for all.
    const mp4Path = join(dirOf(way), 'out.mp4');
    const quality = judgesQuality ? await measureQuality(bench, tape, { mp4Path, scale }) : undefined;
    results.push({ way, ...takeMedians(samples.get(way)!), samples: samples.get(way)!, quality });
  }
  return results;
}

async function takeSample(
  bench: Bench,
  tape: BenchTape,
  { way, dir, scale }: { way: Way; dir: string; scale: number },
): Promise<Sample> {
  const busyBefore = readBusySec();
  const { wallSec, sizeBytes, ffmpeg } = await runWay(bench, tape, { way, dir, scale });
  const otherCpuSec = Math.max(0, readBusySec() - busyBefore - ffmpeg.cpuSec);
  return { ...ffmpeg, ffmpegSec: ffmpeg.wallSec, wallSec, sizeBytes, otherCpuSec };
}

async function runWay(
  bench: Bench,
  tape: BenchTape,
  { way, dir, scale }: { way: Way; dir: string; scale: number },
): Promise<{ wallSec: number; sizeBytes: number; ffmpeg: Usage }> {
  if (way === 'ours') {
    return convertTape(bench, tape, { dir, scale, budgetBytes: bench.environment.ENCODE_MEMORY_BYTES });
  }
  const run = await runReference(bench, tape, { dir, scale, kind: way });
  return { ...run, wallSec: run.ffmpeg.wallSec };
}
