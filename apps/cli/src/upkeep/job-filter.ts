import { parseJobQuery, type JobQuery } from '@tapedeck/contracts';
import type { WalkFilter } from '@tapedeck/upkeep';
import type { Command } from 'commander';

/** As `GET /api/jobs` takes them. */
export interface FilterOptions {
  status?: string;
  kind?: string;
  q?: string;
  from?: string;
  to?: string;
}

const FLAGS = {
  status: '--status <statuses>',
  kind: '--kind <kind>',
  q: '--q <prefix>',
  from: '--from <time>',
  to: '--to <time>',
} as const;
const DESCRIPTIONS = {
  status: 'one status, or several with commas between',
  kind: 'tape or hls',
  q: 'what the reference or the slug begins with',
  from: 'jobs that were created at this time or later: 2026-02-01 or 2026-02-01T12:00:00Z',
  to: 'jobs that were created before this time',
} as const;

/** Adds the options that choose jobs. */
export function addFilterOptions(command: Command, names: readonly (keyof FilterOptions)[]): Command {
  return names.reduce((built, name) => built.option(FLAGS[name], DESCRIPTIONS[name]), command);
}

/** @param fixed what the command itself decides. Ends the process with a message when something does not fit. */
export function parseFilter(
  command: Command,
  { status, kind, q, from, to }: FilterOptions,
  fixed: Partial<Pick<JobQuery, 'kind'> & { statuses: JobQuery['status'] }> = {},
): WalkFilter {
  const given = Object.entries({ status, kind, q, from, to }).filter(([, value]) => value !== undefined);
  const parsed = parseJobQuery(Object.fromEntries(given));
  if (!parsed.ok) command.error(parsed.issues.map(({ path, message }) => `--${path}: ${message}`).join('\n'));
  const { query } = parsed;
  return {
    statuses: fixed.statuses ?? query.status ?? [],
    kind: fixed.kind ?? query.kind,
    code: query.code,
    prefix: query.q,
    fromMs: query.from?.getTime(),
    // What this command makes is no part of it.
    toMs: Math.min(query.to?.getTime() ?? Infinity, Date.now()),
    sort: 'createdAt',
  };
}
