import type uPlot from 'uplot';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { ChartColumns } from './chart-data.ts';
import { readColors, type BuildChart } from './chart-options.ts';

export interface ChartProps {
  /** The same function for the same chart. */
  build: BuildChart;
  columns: ChartColumns;
  label: string;
  /** The index of what the pointer is at; undefined when it has left. The same function for the same chart. */
  onPoint: (index: number | undefined) => void;
}

const HALF_HOUR_SEC = 1_800;
const HEADROOM = 1.05;

/** A picture of numbers that are beside it as a table, too. It has its place before it is there. */
export function Chart({ build, columns, label, onPoint }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const isDark = useIsDark();
  const [plot, setPlot] = useState<uPlot>();
  const [isMissing, setIsMissing] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    let isGone = false;
    let made: uPlot | undefined;
    const make = async (): Promise<void> => {
      const { default: UPlot } = await import('uplot');
      await import('uplot/dist/uPlot.min.css');
      if (isGone) return;
      const { clientWidth: width, clientHeight: height } = element;
      made = new UPlot(
        { width, height, ...COMMON, ...build(UPlot, readColors()), hooks: hear(onPoint) },
        [[]],
        element,
      );
      setPlot(made);
    };
    make().catch(() => setIsMissing(true));
    const observer = new ResizeObserver(() =>
      made?.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => {
      isGone = true;
      observer.disconnect();
      made?.destroy();
      setPlot(undefined);
    };
    // Another scheme has other colours.
  }, [build, onPoint, isDark]);
  useEffect(() => plot?.setData(columns), [plot, columns]);
  return (
    <div className="chart" role="img" aria-label={label} ref={place}>
      {isMissing && <p className="muted">The chart could not be loaded. Its numbers are in the table.</p>}
    </div>
  );
}

const COMMON = {
  legend: { show: false },
  cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
  scales: {
    // Whole hours, from the beginning of the first to the end of the last.
    x: { range: (_: uPlot, min: number, max: number): [number, number] => [min - HALF_HOUR_SEC, max + HALF_HOUR_SEC] },
    y: { range: (_: uPlot, _min: number, max: number): [number, number] => [0, Math.max(1, max * HEADROOM)] },
  },
} satisfies Partial<uPlot.Options>;

function hear(onPoint: ChartProps['onPoint']): uPlot.Hooks.Arrays {
  return { setCursor: [({ cursor: { idx } }) => onPoint(idx ?? undefined)] };
}

const DARK = '(prefers-color-scheme: dark)';

function useIsDark(): boolean {
  return useSyncExternalStore(subscribeToScheme, () => window.matchMedia(DARK).matches);
}

function subscribeToScheme(listener: () => void): () => void {
  const query = window.matchMedia(DARK);
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
}
