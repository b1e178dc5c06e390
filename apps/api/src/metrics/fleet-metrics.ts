import { COUNTERS, HISTOGRAMS, type JobCounts, type TallyReadings, type Vitals } from '@tapedeck/jobs';

/** A metric with its values, as prom-client writes them out. */
export interface Metric {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  /** Nothing is to be added up: each value is there once. */
  aggregator: 'first';
  values: readonly MetricValue[];
}

interface MetricValue {
  /** Where it is not the metric's own: a histogram has several. */
  metricName?: string;
  labels: Readonly<Record<string, string | number>>;
  value: number;
}

/** Everything that a scrape says of the fleet. */
export interface FleetReadings {
  vitals: Vitals;
  tallies: TallyReadings;
  jobs: JobCounts;
  storedBytes: number;
  /** Of the API's own DATA_DIR, 0 to 1; undefined where it cannot be told. */
  dataDiskUsedRatio: number | undefined;
}

const PREFIX = 'tapedeck_';

/**
 * The fleet's metrics. Every label has a few values, all of them words of ours: kinds, states, phases, error codes. So
 * there are some hundred series, however many jobs, workers and callers there are.
 */
export function buildFleetMetrics(readings: FleetReadings): Metric[] {
  return [...buildGauges(readings), ...buildCounters(readings.tallies), ...buildHistograms(readings.tallies)];
}

function buildGauges({ vitals, jobs, storedBytes, dataDiskUsedRatio }: FleetReadings): Metric[] {
  const { queues, workers, callbacks, redisMemory, workerMemory } = vitals;
  return [
    gauge('queue_jobs', 'Entries of the queues', listCells(queues, 'queue', 'state')),
    gauge('jobs', 'Records of jobs', listCells(jobs, 'kind', 'status')),
    gauge(
      'longest_processing_seconds',
      'Of the attempts that run, how long the longest does',
      vitals.longestProcessingSec,
    ),
    gauge('stand_ins', 'Stand-ins: APIs that convert themselves, because no worker is alive', vitals.standIns),
    gauge('workers', 'Workers; lost are those that vanished and were not replaced', listRow(workers, 'state')),
    gauge('callbacks_pending', 'Callbacks that were not delivered yet', callbacks.pending),
    gauge('callbacks_exhausted', 'Callbacks that were given up, and not sent again by hand', callbacks.exhausted),
    gauge(
      'storage_bytes',
      'Bytes of results that are published and were not removed, of jobs that are not forgotten',
      storedBytes,
    ),
    gauge(
      'disk_used_ratio',
      'Of the file systems of DATA_DIR, at the API, and of WORK_DIR, at the worker whose is the fullest',
      listRow({ work: vitals.fullestWorkDisk?.usedRatio, data: dataDiskUsedRatio }, 'disk'),
    ),
    gauge(
      'worker_memory_bytes',
      'Resident memory, of the worker with the most',
      listRow({ node: workerMemory?.nodeBytes, ffmpeg: workerMemory?.ffmpegBytes }, 'process'),
    ),
    gauge('redis_memory_used_bytes', 'What Redis uses', redisMemory.usedBytes),
    gauge('redis_memory_max_bytes', 'What Redis may use; 0 without a limit', redisMemory.maxBytes ?? 0),
  ];
}

/** One that is not known has no value, rather than a wrong one. */
function gauge(name: string, help: string, values: number | undefined | MetricValue[]): Metric {
  return {
    ...{ name: `${PREFIX}${name}`, help, type: 'gauge', aggregator: 'first' },
    values: Array.isArray(values) ? values : values === undefined ? [] : [{ labels: {}, value: values }],
  };
}

function listRow(row: Readonly<Record<string, number | undefined>>, label: string): MetricValue[] {
  return Object.entries(row).flatMap(([name, value]) =>
    value === undefined ? [] : [{ labels: { [label]: name }, value }],
  );
}

function listCells(table: Readonly<Record<string, object>>, rowLabel: string, columnLabel: string): MetricValue[] {
  return Object.entries(table).flatMap(([row, cells]) =>
    Object.entries(cells).map(([column, value]: [string, number]) => ({
      labels: { [rowLabel]: row, [columnLabel]: column },
      value,
    })),
  );
}

function buildCounters({ counters }: TallyReadings): Metric[] {
  return Object.entries(COUNTERS).map(([name, { help }]) => ({
    ...{ name: `${PREFIX}${name}`, help, type: 'counter', aggregator: 'first' },
    values: counters[name as keyof typeof COUNTERS],
  }));
}

function buildHistograms({ histograms }: TallyReadings): Metric[] {
  return Object.entries(HISTOGRAMS).map(([key, { help }]) => {
    const name = `${PREFIX}${key}`;
    const values = histograms[key as keyof typeof HISTOGRAMS].flatMap(({ labels, sum, buckets }): MetricValue[] => [
      ...buckets.map(({ bound, count }) => ({
        ...{ metricName: `${name}_bucket`, value: count },
        labels: { le: bound === Infinity ? '+Inf' : bound, ...labels },
      })),
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: buckets.at(-1)!.count },
    ]);
    return { name, help, type: 'histogram', aggregator: 'first', values };
  });
}
