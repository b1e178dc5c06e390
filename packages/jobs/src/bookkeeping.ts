import { uploadOf, type AttemptMeasures, type TerminalOutcome } from '@tapedeck/contracts';
import type { JobRecord } from './record.ts';
import { addTallies, countOf, observationOf, type Tallies } from './tallies.ts';

/** What the end of a job adds to what is known of all of them. */
export interface Books {
  tallies: Tallies;
  /** How long it took, for its size; undefined unless it was completed. */
  sample: SpeedSample | undefined;
  /** The bytes that now lie under its output's name; undefined where that is not ours. */
  storedBytes: number | undefined;
}

/** Sums that recent jobs add up to: enough for a line through what they took, over their size. */
export interface SpeedSample {
  jobs: number;
  sec: number;
  megapixels: number;
  squares: number;
  products: number;
}

/** Of an attempt that did not begin, or that somebody else carried out. */
export const NOTHING_MEASURED: AttemptMeasures = {
  phases: [],
  sourceBytes: undefined,
  megapixels: undefined,
  outputBytes: undefined,
};

export function bookAttempt({ request }: JobRecord, { phases }: AttemptMeasures): Tallies {
  const { kind } = request;
  return addTallies(
    ...phases.map(({ phase, durationMs }) => observationOf('phase_seconds', { kind, phase }, durationMs / 1000)),
  );
}

/** An attempt that failed, and will be repeated. */
export function bookFailedAttempt(record: JobRecord, code: string, measures: AttemptMeasures): Tallies {
  const { kind } = record.request;
  return addTallies(bookAttempt(record, measures), countOf('attempts_failed_total', { kind, code }));
}

/** @param measures absent for a job that ended without an attempt */
export function bookEnd(
  record: JobRecord,
  outcome: TerminalOutcome,
  endedAtMs: number,
  measures: AttemptMeasures = NOTHING_MEASURED,
): Books {
  const { request, startedAtMs, createdAtMs, run } = record;
  const { kind } = request;
  const code = outcome.status === 'failed' ? outcome.error.code : '';
  const tallies = [
    bookAttempt(record, measures),
    countOf('jobs_finished_total', { kind, status: outcome.status, code }),
  ];
  // Of a later run nobody knows since when it waited.
  if (run === 1 && startedAtMs !== undefined) {
    tallies.push(observationOf('wait_seconds', { kind }, (startedAtMs - createdAtMs) / 1000));
  }
  if (outcome.status !== 'completed') {
    return { tallies: addTallies(...tallies), sample: undefined, storedBytes: undefined };
  }
  const { size: outputBytes, duration: mediaSec } = outcome.output;
  const sec = Math.max(0, endedAtMs - (startedAtMs ?? endedAtMs)) / 1000;
  const encodeMs = measures.phases.find(({ phase }) => phase === 'encode')?.durationMs;
  tallies.push(
    observationOf('conversion_seconds', { kind }, sec),
    countOf('output_bytes_total', { kind }, outputBytes),
    countOf('source_bytes_total', { kind }, measures.sourceBytes ?? 0),
    ...(encodeMs ? [observationOf('encode_speed_ratio', { kind }, (mediaSec * 1000) / encodeMs)] : []),
  );
  return {
    tallies: addTallies(...tallies),
    sample: sampleOf(sec, measures.megapixels),
    storedBytes: uploadOf(request) ? undefined : outputBytes,
  };
}

function sampleOf(sec: number, megapixels: number | undefined): SpeedSample | undefined {
  if (megapixels === undefined) return undefined;
  return { jobs: 1, sec, megapixels, squares: megapixels ** 2, products: megapixels * sec };
}
