import type { HourView } from '@tapedeck/contracts';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { useSearch } from 'wouter/use-browser-location';
import { chartsQuery } from '../../api/queries.ts';
import { Answer } from '../../ui/answer.tsx';
import {
  CHART_RANGES,
  describeHour,
  describeOutcomes,
  describeWait,
  listWaits,
  parseHours,
  stackOutcomes,
  type ChartColumns,
} from './chart-data.ts';
import { buildOutcomes, buildWaits, type BuildChart } from './chart-options.ts';
import { Chart } from './chart.tsx';
import { HoursTable } from './hours-table.tsx';

/** How it has been, hour by hour. */
export function HourCharts() {
  const asked = parseHours(useSearch());
  const query = useQuery(chartsQuery(asked));
  return (
    <section className="charts" aria-label="The last hours">
      <nav className="buttons ranges" aria-label="How far back">
        {CHART_RANGES.map(({ hours: range, label }) => (
          <Link
            key={range}
            className="button"
            href={`/?hours=${range}`}
            aria-current={range === asked ? 'true' : undefined}
          >
            {label}
          </Link>
        ))}
      </nav>
      <Answer query={query} loading={<ChartPair hours={NONE} />}>
        {({ hours }) => (
          <>
            <ChartPair hours={hours} />
            {hours.length > 0 && <HoursTable hours={hours} />}
          </>
        )}
      </Answer>
    </section>
  );
}

const NONE: readonly HourView[] = [];

function ChartPair({ hours }: { hours: readonly HourView[] }) {
  return (
    <div className="chart-pair">
      <HourChart
        {...{ title: 'Jobs that ended, each hour', hours, build: buildOutcomes, describe: describeOutcomes }}
        toColumns={stackOutcomes}
        legend={
          <>
            <Key tone="good">completed</Key> <Key tone="bad">failed</Key> <Key tone="warn">canceled</Key>
          </>
        }
      />
      <HourChart
        {...{ title: 'How long they had waited', hours, build: buildWaits, describe: describeWait }}
        toColumns={listWaits}
        legend={
          <>
            <Key tone="mean">mean</Key> <Key tone="p95">95 of 100 within</Key>
          </>
        }
      />
    </div>
  );
}

interface HourChartProps {
  title: string;
  hours: readonly HourView[];
  build: BuildChart;
  toColumns: (hours: readonly HourView[]) => ChartColumns;
  describe: (hour: HourView) => string;
  legend: ReactNode;
}

function HourChart({ title, hours, build, toColumns, describe, legend }: HourChartProps) {
  const [pointedAt, setPointedAt] = useState<number>();
  const columns = useMemo(() => toColumns(hours), [toColumns, hours]);
  const hour = pointedAt === undefined ? undefined : hours[pointedAt];
  return (
    <figure className="card">
      <figcaption>
        <h2>{title}</h2>
        <p className="chart-reading">{hour ? `${describeHour(hour)}: ${describe(hour)}` : legend}</p>
      </figcaption>
      <Chart
        build={build}
        columns={columns}
        label={`${title}: the table below has its numbers`}
        onPoint={setPointedAt}
      />
    </figure>
  );
}

function Key({ tone, children }: { tone: string; children: string }) {
  return (
    <span className="key">
      <span className={`key-sign ${tone}`} aria-hidden="true" />
      {children}
    </span>
  );
}
