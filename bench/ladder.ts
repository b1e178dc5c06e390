import { join } from 'node:path';
import type { LadderName } from '@tapedeck/contracts';
import { runHlsReference } from './hls-reference.ts';
import { measureRenditions, type RenditionQuality } from './hls-quality.ts';
import type { Bench } from './measure.ts';
import { readBusySec, takeMedians } from './samples.ts';
import { sumUsages, type BenchService, type ConvertedVideo } from './service.ts';
import type { BenchVideo } from './video.ts';

interface Sample {
  wallSec: number;
  cpuSec: number;
  /** What everything else took of the cores meanwhile. */
  otherCpuSec: number;
}

export interface OursSample extends Sample {
  /** FFmpeg's alone. */
  peakBytes: number;
  /** The worker's Node and what runs below it. */
  peakTreeBytes: number;
  ffmpegWallSec: number;
  ffmpegCpuSec: number;
  ffprobeWallSec: number;
  ffprobeCpuSec: number;
}

export interface ReferenceSample extends Sample {
  /** Of the FFmpeg that makes the largest rendition. */
  largestPeakBytes: number;
}

interface LadderWay<OneSample> {
  medians: OneSample;
  samples: readonly OneSample[];
  renditions: readonly RenditionQuality[];
}

export interface LadderResult {
  ladder: LadderName;
  video: BenchVideo;
  ours: LadderWay<OursSample>;
  reference: LadderWay<ReferenceSample>;
}

/** Runs both ways in turn, round after round, so that a busy minute of the machine meets both. */
export async function compareLadders(
  bench: Bench,
  service: BenchService,
  video: BenchVideo,
  { ladder, rounds }: { ladder: LadderName; rounds: number },
): Promise<LadderResult> {
  const referenceDir = join(bench.dir, 'hls-reference');
  const ours: OursSample[] = [];
  const reference: ReferenceSample[] = [];
  let converted: ConvertedVideo | undefined;
  for (let round = 1; round <= rounds; round += 1) {
    const report = (way: string, { wallSec }: Sample): void =>
      console.log(`  · ${ladder}, round ${round} of ${rounds}: ${way} ${wallSec.toFixed(1)} s`);
    ours.push(
      await takeSample(async () => {
        converted = await service.convert(video, ladder);
        return describeOurs(converted);
      }),
    );
    report('ours', ours.at(-1)!);
    reference.push(await takeSample(() => takeReference(bench, video, { dir: referenceDir, ladder })));
    report('reference', reference.at(-1)!);
  }
  // Rounds differ by less than a per mille (docs/decisions/0023): the last one's files speak for all.
  const { dir, output } = converted!;
  const renditions = output.renditions.map(({ name, width, height }) => ({ name, width: width!, height: height! }));
  const judge = (dirOfWay: string): Promise<RenditionQuality[]> =>
    measureRenditions(bench, video, { dir: dirOfWay, renditions });
  return {
    ladder,
    video,
    ours: { medians: takeMedians(ours), samples: ours, renditions: await judge(dir) },
    reference: { medians: takeMedians(reference), samples: reference, renditions: await judge(referenceDir) },
  };
}

async function takeSample<OneSample extends { cpuSec: number }>(
  run: () => Promise<OneSample>,
): Promise<OneSample & { otherCpuSec: number }> {
  const busyBefore = readBusySec();
  const sample = await run();
  return { ...sample, otherCpuSec: Math.max(0, readBusySec() - busyBefore - sample.cpuSec) };
}

function describeOurs({ wallSec, cpuSec, peakTreeBytes, ffmpeg, ffprobe }: ConvertedVideo) {
  return {
    ...{ wallSec, cpuSec, peakTreeBytes, peakBytes: ffmpeg.peakBytes },
    ...{ ffmpegWallSec: ffmpeg.wallSec, ffmpegCpuSec: ffmpeg.cpuSec },
    ...{ ffprobeWallSec: ffprobe.wallSec, ffprobeCpuSec: ffprobe.cpuSec },
  };
}

async function takeReference(bench: Bench, video: BenchVideo, options: { dir: string; ladder: LadderName }) {
  const { renditions, poster } = await runHlsReference(bench, video, options);
  const { wallSec, cpuSec } = sumUsages([...renditions.map(({ ffmpeg }) => ffmpeg), poster]);
  return { wallSec, cpuSec, largestPeakBytes: renditions[0]!.ffmpeg.peakBytes };
}
