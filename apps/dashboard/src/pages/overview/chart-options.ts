import type uPlot from 'uplot';
import { formatCount } from '../../ui/format.ts';
import { formatTick, formatWaitTick } from './chart-data.ts';

/** Colours of the page, as they are in the scheme that is shown now. */
export interface ChartColors {
  good: string;
  bad: string;
  warn: string;
  accent: string;
  surface: string;
  text: string;
  grid: string;
  font: string;
}

export function readColors(): ChartColors {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    ...{ good: read('--good'), bad: read('--bad'), warn: read('--warn'), accent: read('--accent') },
    ...{ surface: read('--surface-raised'), text: read('--text-muted'), grid: read('--border') },
    font: `12px ${style.fontFamily}`,
  };
}

/** What a chart is made of, once uPlot is there. */
export type BuildChart = (UPlot: typeof uPlot, colors: ChartColors) => Pick<uPlot.Options, 'series' | 'axes'>;

const Y_AXIS_WIDTH_PX = 60;
/** An hour's bar is a whole number of jobs high. */
const WHOLE_NUMBERS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];

export const buildOutcomes: BuildChart = (UPlot, colors) => {
  const paths = UPlot.paths.bars!({ size: [0.85, 48] });
  const bar = (label: string, fill: string): uPlot.Series => ({
    ...{ label, fill, paths, stroke: colors.surface, width: 1 },
    points: { show: false },
  });
  return {
    series: [{}, bar('canceled', colors.warn), bar('failed', colors.bad), bar('completed', colors.good)],
    axes: [
      buildTimeAxis(colors),
      { ...buildAxis(colors), incrs: WHOLE_NUMBERS, values: (_, ticks) => ticks.map((tick) => formatCount(tick)) },
    ],
  };
};

export const buildWaits: BuildChart = (_, colors) => {
  // Points, too: an hour between two of which no wait is known has no line.
  const line = (label: string, stroke: string): uPlot.Series => ({
    ...{ label, stroke, width: 2, spanGaps: false },
    points: { show: true, size: 5, fill: stroke },
  });
  return {
    series: [{}, { ...line('95 of 100', colors.warn), dash: [6, 4] }, line('mean', colors.accent)],
    axes: [
      buildTimeAxis(colors),
      {
        ...buildAxis(colors),
        incrs: [0.1, 0.5, 1, 5, 10, 20, 60, 120, 300, 600, 1_200, 3_600, 7_200, 18_000, 36_000, 86_400, 172_800],
        values: (_self, ticks) => ticks.map(formatWaitTick),
      },
    ],
  };
};

function buildAxis({ text, grid, font }: ChartColors): uPlot.Axis {
  return { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false }, size: Y_AXIS_WIDTH_PX };
}

function buildTimeAxis(colors: ChartColors): uPlot.Axis {
  return {
    ...buildAxis(colors),
    ...{ grid: { show: false }, size: 28, space: 64 },
    values: (_, ticks) => ticks.map(formatTick),
  };
}
