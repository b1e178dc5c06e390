import type { HourView } from '@tapedeck/contracts';
import { formatDuration } from '../../ui/format.ts';

/** How far back the charts may go, by `hours` of the page's URL. */
export const CHART_RANGES = [
  { hours: 24, label: '24 h' },
  { hours: 48, label: '48 h' },
  { hours: 168, label: '7 days' },
] as const;
const DEFAULT_HOURS = 48;

export function parseHours(query: string): number {
  const asked = Number(new URLSearchParams(query).get('hours'));
  return CHART_RANGES.find(({ hours }) => hours === asked)?.hours ?? DEFAULT_HOURS;
}

/** As uPlot takes it: the middles of the hours in seconds, and a list for each series. */
export type ChartColumns = [x: number[], ...series: (number | null)[][]];

const HALF_HOUR_SEC = 1_800;
export const HOUR_MS = 3_600_000;

function middleOf({ startMs }: HourView): number {
  return startMs / 1000 + HALF_HOUR_SEC;
}

/** Bars that stand on each other, the highest first: each is drawn over the one before. */
export function stackOutcomes(hours: readonly HourView[]): ChartColumns {
  return [
    hours.map(middleOf),
    hours.map(({ completed, failed, canceled }) => completed + failed + canceled),
    hours.map(({ completed, failed }) => completed + failed),
    hours.map(({ completed }) => completed),
  ];
}

/** An hour of which no wait is known is a gap. */
export function listWaits(hours: readonly HourView[]): ChartColumns {
  return [
    hours.map(middleOf),
    hours.map(({ waitSec }) => waitSec?.p95 ?? null),
    hours.map(({ waitSec }) => waitSec?.mean ?? null),
  ];
}

/** `Sun 22 Nov, 14:00–15:00`, in the operator's own time zone. */
export function describeHour({ startMs }: HourView): string {
  const [start, end] = [new Date(startMs), new Date(startMs + HOUR_MS)];
  const day = start.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
  return `${day}, ${formatHour(start)}–${formatHour(end)}`;
}

function formatHour(date: Date): string {
  return date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

/** Under the axis: the day where one begins, else the time. */
export function formatTick(atSec: number): string {
  const date = new Date(atSec * 1000);
  const isDay = date.getHours() === 0 && date.getMinutes() === 0;
  return isDay ? date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' }) : formatHour(date);
}

/** Beside the axis: the whole number that it is, of a unit that is the same for those around it. */
export function formatWaitTick(sec: number): string {
  const [size, unit] = sec < 120 ? [1, 's'] : sec < 7_200 ? [60, 'min'] : [3_600, 'h'];
  return sec === 0 ? '0' : `${Number((sec / size).toFixed(1))} ${unit}`;
}

export function describeOutcomes({ completed, failed, canceled }: HourView): string {
  return `${completed} completed, ${failed} failed, ${canceled} canceled`;
}

export function describeWait({ waitSec }: HourView): string {
  if (!waitSec) return 'no wait is known';
  return `mean ${formatDuration(waitSec.mean)}, 95 of 100 within ${formatDuration(waitSec.p95)}`;
}
