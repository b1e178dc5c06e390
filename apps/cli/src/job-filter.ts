import { JOB_KINDS, parseJobQuery, type JobQuery } from '@tapedeck/contracts';
import type { WalkFilter } from '@tapedeck/upkeep';
import { Option, type Command } from 'commander';

/** As `GET /api/jobs` takes them. */
export interface FilterOptions {
  status?: string;
  kind?: string;
  q?: string;
  from?: string;
  to?: string;
  code?: string;
  sort?: string;
  order?: string;
  limit?: string;
  offset?: string;
}

const FLAGS = {
  status: '--status <statuses>',
  kind: '--kind <kind>',
  q: '--q <prefix>',
  from: '--from <time>',
  to: '--to <time>',
  code: '--code <code>',
  sort: '--sort <time>',
  order: '--order <order>',
  limit: '--limit <count>',
  offset: '--offset <count>',
} as const;
const DESCRIPTIONS = {
  status: 'one status, or several with commas between',
  kind: 'tape makes an MP4, hls a stream',
  q: 'what the reference or the slug begins with',
  from: 'jobs that were created at this time or later: 2026-02-01 or 2026-02-01T12:00:00Z',
  to: 'jobs that were created before this time',
  code: 'jobs that failed with this code (docs/errors.md)',
  sort: 'by which time they are in order: createdAt or finishedAt; --from and --to then mean that one',
  order: 'desc, the newest first, or asc',
  limit: 'how many at most, 1 to 100; default: 20',
  offset: 'how many to leave out from the beginning',
} as const;

const CHOICES: Partial<Record<keyof FilterOptions, readonly string[]>> = {
  kind: JOB_KINDS,
  sort: ['createdAt', 'finishedAt'],
  order: ['desc', 'asc'],
};

/** Adds the options that choose jobs, and their order. */
export function addFilterOptions(command: Command, names: readonly (keyof FilterOptions)[]): Command {
  for (const name of names) {
    const option = new Option(FLAGS[name], DESCRIPTIONS[name]);
    const choices = CHOICES[name];
    command.addOption(choices ? option.choices(choices) : option);
  }
  return command;
}

/** With the defaults filled in. Ends the command with a message that names each option that does not fit. */
export function parseQuery(command: Command, options: FilterOptions): JobQuery {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const parsed = parseJobQuery(Object.fromEntries(given));
  if (parsed.ok) return parsed.query;
  return command.error(parsed.issues.map(({ path, message }) => `error: --${path}: ${message}`).join('\n'));
}

/** @param fixed what the command itself decides. Ends the process with a message when something does not fit. */
export function parseFilter(
  command: Command,
  { status, kind, q, from, to }: FilterOptions,
  fixed: Partial<Pick<JobQuery, 'kind'> & { statuses: JobQuery['status'] }> = {},
): WalkFilter {
  const query = parseQuery(command, { status, kind, q, from, to });
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
