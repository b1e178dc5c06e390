/** A process's own log, and what has one for itself: conversions, failures, requests, and what people did by hand. */
export const LOG_NAMES = ['api', 'worker', 'conversion', 'error', 'access', 'audit'] as const;
export type LogName = (typeof LOG_NAMES)[number];

const DAY_MS = 24 * 3_600_000;

interface Rotation {
  /** Days that share a file. */
  periodDays: number;
  keepDays: number;
}

const DAILY: Rotation = { periodDays: 1, keepDays: 30 };
const WEEKLY: Rotation = { periodDays: 7, keepDays: 12 * 7 };

function rotationOf(log: LogName): Rotation {
  return log === 'audit' ? WEEKLY : DAILY;
}

/** 1970 began on a Thursday, and weeks begin on Monday (ISO 8601). */
const FIRST_MONDAY = 4;

/** When the file's first day begins, in ms. Days are those of UTC: they have no hour twice. */
function startOfPeriod(log: LogName, nowMs: number): number {
  const { periodDays } = rotationOf(log);
  const day = Math.floor(nowMs / DAY_MS);
  return (day - ((day - FIRST_MONDAY) % periodDays)) * DAY_MS;
}

/** `audit.2026-11-16.log`: which file is written now. The date is the first of its days. */
export function nameLogFile(log: LogName, nowMs: number): string {
  return `${log}.${new Date(startOfPeriod(log, nowMs)).toISOString().slice(0, 10)}.log`;
}

/** A file of ours in LOG_DIR, by its name. */
export interface LogFile {
  /** When its last day is over. */
  endMs: number;
  removeAtMs: number;
  isCompressed: boolean;
}

/** @returns undefined for what is not ours */
export function parseLogFile(fileName: string): LogFile | undefined {
  const [, name, date, gz] = /^([a-z]+)\.(\d{4}-\d\d-\d\d)\.log(\.gz)?$/.exec(fileName) ?? [];
  const log = LOG_NAMES.find((known) => known === name);
  const startMs = Date.parse(`${date}T00:00:00Z`);
  if (!log || Number.isNaN(startMs)) return undefined;
  const { periodDays, keepDays } = rotationOf(log);
  const endMs = startMs + periodDays * DAY_MS;
  return { endMs, removeAtMs: endMs + keepDays * DAY_MS, isCompressed: gz !== undefined };
}
