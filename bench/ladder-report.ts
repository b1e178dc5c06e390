import type { LadderResult } from './ladder.ts';
import { atLeast, atMost, formatLimitTable, formatTable, toMib, toRatio } from './table.ts';
import { VIDEO_FPS, type BenchVideo } from './video.ts';

export function describeVideo({ spec, sizeBytes }: BenchVideo): string {
  const { width, height, durationSec, seed } = spec;
  return `${width}x${height}, ${VIDEO_FPS} frames a second, ${durationSec} s, ${toMib(sizeBytes)} MiB, seed ${seed}`;
}

/** Medians of both ways and their ratios, what ours is made of, every rendition, and the promised ratios. */
export function formatLadder(result: LadderResult): string {
  return [formatTotals(result), formatParts(result), '', formatRenditions(result), '', formatLimits(result)].join('\n');
}

function formatTotals({ ours, reference }: LadderResult): string {
  const [us, them] = [ours.medians, reference.medians];
  const [ourBytes, theirBytes] = [sumBytes(ours.renditions), sumBytes(reference.renditions)];
  const header = ['', 'wall s', 'CPU s', 'FFmpeg MiB', 'with Node MiB', 'KiB', 'others CPU s'];
  const formatRow = (title: string, way: typeof us | typeof them, peaks: string[], bytes: number): string[] => [
    ...[title, way.wallSec.toFixed(2), way.cpuSec.toFixed(2), ...peaks],
    ...[(bytes / 1024).toFixed(0), way.otherCpuSec.toFixed(2)],
  ];
  return formatTable(header, [
    formatRow('ours, download to callback', us, [toMib(us.peakBytes), toMib(us.peakTreeBytes)], ourBytes),
    formatRow('reference, an FFmpeg a rung', them, [toMib(them.largestPeakBytes), ''], theirBytes),
    [
      'ours / reference',
      ...[toRatio(us.wallSec, them.wallSec), toRatio(us.cpuSec, them.cpuSec)],
      ...[us.peakBytes, us.peakTreeBytes].map((bytes) => toRatio(bytes, them.largestPeakBytes)),
      ...[toRatio(ourBytes, theirBytes), ''],
    ],
  ]);
}

function formatParts({ ours }: LadderResult): string {
  const { wallSec, cpuSec, ffmpegWallSec, ffmpegCpuSec, ffprobeWallSec, ffprobeCpuSec } = ours.medians;
  const parts = [
    ['FFmpeg', ffmpegWallSec, ffmpegCpuSec],
    ['ffprobe', ffprobeWallSec, ffprobeCpuSec],
    ['the rest', wallSec - ffmpegWallSec - ffprobeWallSec, cpuSec - ffmpegCpuSec - ffprobeCpuSec],
  ] as const;
  const sentences = parts.map(([name, wall, cpu]) => `${name} ${wall.toFixed(2)} s (CPU ${cpu.toFixed(2)} s)`);
  return `Ours is ${sentences.join(', ')}.`;
}

function formatRenditions({ ours, reference }: LadderResult): string {
  const header = ['rendition', 'ours KiB', 'reference KiB', '', 'ours SSIM', 'reference SSIM', ' '];
  const rows = ours.renditions.map(({ name, width, height, sizeBytes, ssim }, index) => {
    const other = reference.renditions[index]!;
    return [
      `${name} ${width}x${height}`,
      ...[(sizeBytes / 1024).toFixed(0), (other.sizeBytes / 1024).toFixed(0), toRatio(sizeBytes, other.sizeBytes)],
      ...[ssim.toFixed(5), other.ssim.toFixed(5), toRatio(ssim, other.ssim)],
    ];
  });
  return formatTable(header, rows);
}

function formatLimits({ ours, reference }: LadderResult): string {
  const [us, them] = [ours.medians, reference.medians];
  const ssimRatios = ours.renditions.map(({ ssim }, index) => ssim / reference.renditions[index]!.ssim);
  return formatLimitTable([
    atMost('wall time / reference', us.wallSec / them.wallSec, 0.85),
    atMost('CPU time / reference', us.cpuSec / them.cpuSec, 0.9),
    atMost('FFmpeg memory / its largest rung', us.peakBytes / them.largestPeakBytes, 1.35),
    atLeast('SSIM / reference, worst rendition', Math.min(...ssimRatios), 0.995),
  ]);
}

function sumBytes(renditions: readonly { sizeBytes: number }[]): number {
  return renditions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
