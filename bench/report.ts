import type { BudgetResult } from './budgets.ts';
import type { Way, WayResult } from './compare.ts';
import { atLeast, atMost, formatLimitTable, formatTable, toMib, toRatio } from './table.ts';
import type { BenchTape } from './tape.ts';

const WAY_TITLES: Record<Way, string> = {
  ours: 'ours, ZIP to verified file',
  plain: 'reference command',
  corrected: 'corrected reference',
};

export function describeTape({ spec, width, height, zipBytes }: BenchTape, scale: number): string {
  const seconds = (spec.frameCount / spec.framesPerSec).toFixed(1);
  const sizes = `${width}x${height} → ${width * scale}x${height * scale}`;
  return `${spec.frameCount} frames, ${seconds} s, ${sizes}, ZIP ${toMib(zipBytes)} MiB, seed ${spec.seed}`;
}

/** Medians of every way, and below them ours divided by each reference. */
export function formatComparison(results: readonly WayResult[]): string {
  const ours = find(results, 'ours')!;
  const references = results.filter(({ way }) => way !== 'ours');
  const header = ['', 'wall s', 'FFmpeg s', 'CPU s', 'peak MiB', 'KiB', 'SSIM', 'misplaced', 'others CPU s'];
  const rows = [
    ...results.map((result) => [
      WAY_TITLES[result.way],
      result.wallSec.toFixed(2),
      result.ffmpegSec.toFixed(2),
      result.cpuSec.toFixed(2),
      toMib(result.peakBytes),
      (result.sizeBytes / 1024).toFixed(0),
      result.quality?.ssim.toFixed(5) ?? '',
      String(result.quality?.misplacedFrames ?? ''),
      result.otherCpuSec.toFixed(2),
    ]),
    ...references.map((reference) => [
      `ours / ${WAY_TITLES[reference.way]}`,
      ...(['wallSec', 'ffmpegSec', 'cpuSec', 'peakBytes', 'sizeBytes'] as const).map((field) =>
        toRatio(ours[field], reference[field]),
      ),
      ours.quality && reference.quality ? toRatio(ours.quality.ssim, reference.quality.ssim) : '',
      '',
      '',
    ]),
  ];
  return formatTable(header, rows);
}

/** Which of the promised ratios this run shows, and why size and SSIM are held against the corrected reference. */
export function formatLimits(results: readonly WayResult[], frameCount: number): string {
  const [ours, plain, corrected] = (['ours', 'plain', 'corrected'] as const).map((way) => find(results, way));
  if (!ours?.quality || !plain?.quality || !corrected?.quality) return '';
  const limits = [
    atMost('peak memory / reference', ours.peakBytes / plain.peakBytes, 0.6),
    atMost('wall time / reference', ours.wallSec / plain.wallSec, 1),
    atMost('size / corrected reference', ours.sizeBytes / corrected.sizeBytes, 1.02),
    atLeast('SSIM / corrected reference', ours.quality.ssim / corrected.quality.ssim, 0.995),
  ];
  const lost = plain.quality.misplacedFrames;
  return [
    formatLimitTable(limits),
    `Size and SSIM are fair against the corrected reference only: the plain one snaps frames to a 1/25 s grid, so ${lost} of`,
    `${frameCount} frames are missing or more than 17 ms off. Fewer distinct pictures make a smaller file, for the wrong reason.`,
  ].join('\n');
}

export function formatBudgets(results: readonly BudgetResult[]): string {
  const header = ['budget', 'plan', 'estimate MiB', 'peak MiB', 'estimate / peak', 'wall s', 'CPU s', 'KiB'];
  const rows = results.map(({ title, outcome }) => {
    if ('refusal' in outcome) return [title, outcome.refusal];
    const { plan, ffmpeg, sizeBytes } = outcome;
    const { lookahead, references, bFrames, threads, slicedThreads, estimatedBytes } = plan;
    const isTooLow = estimatedBytes < ffmpeg.peakBytes;
    return [
      title,
      `lookahead ${lookahead}, ref ${references}, b ${bFrames}, ${threads} ${slicedThreads ? 'slices' : 'threads'}`,
      toMib(estimatedBytes),
      toMib(ffmpeg.peakBytes),
      toRatio(estimatedBytes, ffmpeg.peakBytes) + (isTooLow ? ' TOO LOW' : ''),
      ffmpeg.wallSec.toFixed(2),
      ffmpeg.cpuSec.toFixed(2),
      (sizeBytes / 1024).toFixed(0),
    ];
  });
  return formatTable(header, rows);
}

function find(results: readonly WayResult[], way: Way): WayResult | undefined {
  return results.find((result) => result.way === way);
}
