import { keys } from './keys.ts';
import type { Redis } from './redis.ts';

interface Measure {
  help: string;
  /** Of a few values each: a label is a word of ours, never something that a caller has chosen. */
  labels: readonly string[];
}
interface HistogramMeasure extends Measure {
  /** Upper bounds. */
  bounds: readonly number[];
}

/**
 * What is counted of all jobs, in Redis and in the step that it counts: so it is counted once, whoever dies, and whoever
 * reads it reads of the whole fleet. The names are those of /metrics, without its prefix.
 */
export const COUNTERS = {
  jobs_finished_total: { labels: ['kind', 'status', 'code'], help: 'Jobs that ended, and why the failed ones did' },
  attempts_failed_total: { labels: ['kind', 'code'], help: 'Attempts that failed and were repeated' },
  source_bytes_total: { labels: ['kind'], help: 'Bytes of the sources of completed jobs' },
  output_bytes_total: { labels: ['kind'], help: 'Bytes of the results of completed jobs' },
  callback_tries_total: { labels: ['outcome'], help: 'Tries to deliver a callback' },
} as const satisfies Record<string, Measure>;

export const HISTOGRAMS = {
  wait_seconds: {
    labels: ['kind'],
    help: 'From the acceptance of a job to its first attempt; counted when the job has ended',
    bounds: [1, 5, 15, 60, 300, 900, 3_600, 14_400],
  },
  conversion_seconds: {
    labels: ['kind'],
    help: 'From the first attempt of a job to its completion, with what lay between its attempts',
    bounds: [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200],
  },
  phase_seconds: {
    labels: ['kind', 'phase'],
    help: 'How long the phases of attempts took that were not handed back or lost',
    bounds: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600],
  },
  encode_speed_ratio: {
    labels: ['kind'],
    help: 'Seconds of media encoded in a second',
    bounds: [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32],
  },
  callback_delivery_seconds: {
    labels: [],
    help: 'From the end of a job to the delivery of its callback',
    bounds: [1, 5, 15, 60, 300, 1_800, 7_200, 86_400, 259_200],
  },
} as const satisfies Record<string, HistogramMeasure>;

type Labels<M extends Measure> = Readonly<Record<M['labels'][number], string>>;

/** Increments by field of the hash. */
export type Tallies = Readonly<Record<string, number>>;

export function countOf<Name extends keyof typeof COUNTERS>(
  name: Name,
  labels: Labels<(typeof COUNTERS)[Name]>,
  by = 1,
): Tallies {
  return { [fieldOf(name, COUNTERS[name].labels, labels)]: by };
}

/** One observation: the bucket that it falls into, and the sum. Two clocks may make a time negative: it counts as none. */
export function observationOf<Name extends keyof typeof HISTOGRAMS>(
  name: Name,
  labels: Labels<(typeof HISTOGRAMS)[Name]>,
  measured: number,
): Tallies {
  const value = Math.max(0, measured);
  const measure: HistogramMeasure = HISTOGRAMS[name];
  const field = fieldOf(name, measure.labels, labels);
  const bound = measure.bounds.find((upper) => value <= upper) ?? 'Inf';
  return { [`${field}:le=${bound}`]: 1, [`${field}:sum`]: value };
}

function fieldOf(name: string, labelNames: readonly string[], labels: Readonly<Record<string, string>>): string {
  return [name, ...labelNames.map((label) => labels[label])].join(':');
}

export function addTallies(...all: readonly Tallies[]): Tallies {
  const sums: Record<string, number> = {};
  for (const [field, by] of all.flatMap(Object.entries<number>)) sums[field] = (sums[field] ?? 0) + by;
  return sums;
}

export interface CounterReading {
  labels: Readonly<Record<string, string>>;
  value: number;
}

export interface HistogramReading {
  labels: Readonly<Record<string, string>>;
  sum: number;
  /** How many observations there were up to each bound; the last is all of them. */
  buckets: readonly { bound: number; count: number }[];
}

export interface TallyReadings {
  counters: Readonly<Record<keyof typeof COUNTERS, readonly CounterReading[]>>;
  histograms: Readonly<Record<keyof typeof HISTOGRAMS, readonly HistogramReading[]>>;
}

/** All that was counted. What another version counts is left out. */
export async function loadTallies(redis: Redis): Promise<TallyReadings> {
  return readTallies(await redis.hgetall(keys.tallies));
}

export function readTallies(fields: Readonly<Record<string, string>>): TallyReadings {
  const byName = Map.groupBy(
    Object.entries(fields).map(([field, value]) => ({ parts: field.split(':'), value: Number(value) })),
    ({ parts }) => parts[0],
  );
  const counters = mapEntries(COUNTERS, (name, { labels }) =>
    (byName.get(name) ?? []).map(({ parts, value }) => ({ labels: nameLabels(labels, parts.slice(1)), value })),
  );
  const histograms = mapEntries(HISTOGRAMS, (name, { labels, bounds }) => {
    const bySeries = Map.groupBy(byName.get(name) ?? [], ({ parts }) => parts.slice(1, -1).join(':'));
    return [...bySeries].map(([series, rows]) => {
      const values = new Map(rows.map(({ parts, value }) => [parts.at(-1), value]));
      let count = 0;
      const buckets = [...bounds, Infinity].map((bound) => {
        count += values.get(`le=${bound === Infinity ? 'Inf' : bound}`) ?? 0;
        return { bound, count };
      });
      return { labels: nameLabels(labels, series.split(':')), sum: values.get('sum') ?? 0, buckets };
    });
  });
  return { counters, histograms };
}

function nameLabels(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

function mapEntries<Name extends string, From, To>(
  record: Readonly<Record<Name, From>>,
  map: (name: Name, value: From) => To,
): Record<Name, To> {
  return Object.fromEntries(
    (Object.entries(record) as [Name, From][]).map(([name, value]) => [name, map(name, value)]),
  ) as Record<Name, To>;
}
