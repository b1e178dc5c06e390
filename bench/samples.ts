import { cpus } from 'node:os';

/** CPU time of the whole machine since it started. */
export function readBusySec(): number {
  const busyMs = cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq);
  return busyMs.reduce((sum, ms) => sum + ms, 0) / 1000;
}

/** The median of every field. */
export function takeMedians<Sample extends { [Field in keyof Sample]: number }>(samples: readonly Sample[]): Sample {
  const fields = Object.keys(samples[0]!) as (keyof Sample)[];
  return Object.fromEntries(fields.map((field) => [field, median(samples.map((sample) => sample[field]))])) as Sample;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}
