import { join } from 'node:path';
import { onEachJob, verifyResult, withScratch, type Deed, type WalkFilter } from '@tapedeck/upkeep';
import { Command } from 'commander';
import { addFilterOptions, parseFilter, type FilterOptions } from '../job-filter.ts';
import { openTools } from '../open-tools.ts';

import { createProgressFile } from '../upkeep/progress-file.ts';
import { runUpkeep, type RunOptions, type UpkeepRun } from '../upkeep/run-upkeep.ts';

const RESULT_TIMEOUT_MS = 60 * 60_000;
/** An interruption costs at most so many. */
const PAGE_SIZE = 8;

interface VerifyOptions extends FilterOptions, RunOptions {
  state?: string;
}

/** `tapedeck verify-results`: looks at everything that is published, as `tapedeck inspect` looks at one thing. */
export function createVerifyResultsCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('verify-results')
    .description('Downloads every published result and looks at all of it. Exit code 1 when one is broken.')
    .option('--state <file>', 'remembers how far it is; default: verify-results.json in DATA_DIR')
    .option('--dry-run', 'change nothing, and say what would be done')
    .option('--json', 'one JSON object a line instead of words');
  return addFilterOptions(command, ['kind', 'q', 'from', 'to']).action((options: VerifyOptions) => {
    const filter = { ...parseFilter(command, options, { statuses: ['completed'] }), pageSize: PAGE_SIZE };
    return runUpkeep(env, options, (run) => verifyAll(run, env.PATH, filter, options));
  });
}

async function verifyAll(
  run: UpkeepRun,
  searchPath: string | undefined,
  filter: WalkFilter,
  { state, kind, q, from, to }: VerifyOptions,
): Promise<void> {
  const { config, service, report, dryRun, signal } = run;
  const path = state ?? join(config.dataDir, 'verify-results.json');
  const file = createProgressFile(path, JSON.stringify({ kind, q, from, to, storage: config.storage.driver }));
  const before = dryRun ? undefined : await file.load();
  let failed = before?.failed ?? 0;
  // From the first one on that could not be looked at nothing is remembered: the next run begins there.
  let missed = 0;
  if (before && failed > 0) {
    run.onDeed({ outcome: 'failed', about: 'before', what: `${failed} were broken before the interruption` });
  }
  const onDeed = (deed: Deed): void => {
    if (deed.outcome === 'failed') failed += 1;
    run.onDeed(deed);
  };
  await withScratch(config.workDir, async (dir) => {
    const tools = await openTools(config, searchPath, dir);
    await onEachJob(
      {
        ...{ redis: service.redis, filter, timeoutMs: RESULT_TIMEOUT_MS, signal, start: before?.cursor },
        onDeed: run.onDeed,
        onProgress: report.advance,
        onPage: async (cursor) => {
          if (!dryRun && missed === 0) await file.save({ cursor, failed });
        },
      },
      async (record, inTime) => {
        await verifyResult({ ...run, ...service, onDeed, tools, dir, signal: inTime }, record).catch(
          (error: unknown) => {
            missed += 1;
            throw error;
          },
        );
      },
    );
  });
  if (!dryRun && missed === 0) await file.remove();
}
