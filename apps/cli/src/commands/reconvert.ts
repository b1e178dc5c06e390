import { createHash } from 'node:crypto';
import { createReconverter, onEachJob } from '@tapedeck/upkeep';
import { Command } from 'commander';
import { addFilterOptions, parseFilter, type FilterOptions } from '../job-filter.ts';
import { runUpkeep, type RunOptions } from '../upkeep/run-upkeep.ts';

const JOB_TIMEOUT_MS = 60_000;

interface ReconvertOptions extends FilterOptions, RunOptions {
  batch?: string;
}

/** `tapedeck reconvert`: what was submitted again in a batch is known by it, so it may be run again after an interruption. */
export function createReconvertCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('reconvert')
    .description('Converts again what fits: failed and canceled jobs begin anew, completed ones are submitted again.')
    .option('--batch <name>', 'within a week, a job is submitted again once for each name; default: made of the filter')
    .option('--dry-run', 'change nothing, and say what would be done')
    .option('--json', 'one JSON object a line instead of words');
  return addFilterOptions(command, ['status', 'kind', 'q', 'from', 'to']).action((options: ReconvertOptions) => {
    const { status, kind, q, from, to, batch = nameBatch({ status, kind, q, from, to }) } = options;
    if (!status && !kind && !q && !from && !to) command.error('expected --status, --kind, --q, --from or --to');
    const filter = parseFilter(command, options);
    return runUpkeep(env, options, (run) =>
      onEachJob(
        { ...run, redis: run.service.redis, filter, timeoutMs: JOB_TIMEOUT_MS, onProgress: run.report.advance },
        createReconverter({ ...run, backend: run.service.backend, batch }),
      ),
    );
  });
}

const NAME_CHARS = 12;

function nameBatch(filter: FilterOptions): string {
  return createHash('sha256').update(JSON.stringify(filter)).digest('hex').slice(0, NAME_CHARS);
}
