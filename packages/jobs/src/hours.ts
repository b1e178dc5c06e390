import type { HourView } from '@tapedeck/contracts';
import { keys } from './keys.ts';
import type { Redis } from './redis.ts';
import { readTallies, type HistogramReading, type TallyReadings } from './tallies.ts';

const HOUR_MS = 3_600_000;

/** What ended in each of the last `count` hours, the oldest first; the last one is the hour of `nowMs`. */
export async function loadHours(redis: Redis, count: number, nowMs: number = Date.now()): Promise<HourView[]> {
  const last = Math.floor(nowMs / HOUR_MS);
  const hours = Array.from({ length: count }, (_, index) => last - count + 1 + index);
  const fields = await Promise.all(hours.map((hour) => redis.hgetall(keys.hour(hour))));
  return hours.map((hour, index) => viewOf(hour * HOUR_MS, readTallies(fields[index]!)));
}

function viewOf(startMs: number, { counters, histograms }: TallyReadings): HourView {
  const finished = counters.jobs_finished_total;
  const count = (status: string): number =>
    finished.filter(({ labels }) => labels.status === status).reduce((sum, { value }) => sum + value, 0);
  return {
    startMs,
    ...{ completed: count('completed'), failed: count('failed'), canceled: count('canceled') },
    waitSec: describeWaits(histograms.wait_seconds),
  };
}

function describeWaits(series: readonly HistogramReading[]): HourView['waitSec'] {
  const [first, ...others] = series;
  const buckets = (first?.buckets ?? []).map(({ bound, count }, index) => ({
    bound,
    count: others.reduce((sum, other) => sum + other.buckets[index]!.count, count),
  }));
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0) return null;
  return { mean: series.reduce((sum, one) => sum + one.sum, 0) / total, p95: quantileOf(buckets, 0.95) };
}

/** As far as buckets can tell: within one, observations are taken to lie evenly; of the open one only its lower bound is known. */
function quantileOf(buckets: HistogramReading['buckets'], quantile: number): number {
  const rank = quantile * buckets.at(-1)!.count;
  const index = buckets.findIndex(({ count }) => count >= rank);
  const { bound, count } = buckets[index]!;
  const below = buckets[index - 1] ?? { bound: 0, count: 0 };
  if (bound === Infinity) return below.bound;
  return below.bound + ((bound - below.bound) * (rank - below.count)) / (count - below.count);
}
