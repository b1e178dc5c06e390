import { resolveStorage } from '@tapedeck/runtime';
import { createObjectStore, type ObjectStore } from '@tapedeck/transfer';
import { migrateResult, onEachJob, withScratch } from '@tapedeck/upkeep';
import { Command, InvalidArgumentError } from 'commander';
import type { CliConfig } from '../config.ts';
import { addFilterOptions, parseFilter, type FilterOptions } from '../job-filter.ts';
import { runUpkeep, type RunOptions } from '../upkeep/run-upkeep.ts';

const RESULT_TIMEOUT_MS = 6 * 3_600_000;

interface End {
  driver: 'local' | 'spaces';
  /** Without it, every bucket, under its own name. */
  bucket: string | undefined;
}

interface MigrateOptions extends Omit<FilterOptions, 'from' | 'to'>, RunOptions {
  from: End;
  to: End;
}

/** `tapedeck migrate-storage`: what is there already is left alone, so it may be run again after an interruption. */
export function createMigrateStorageCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('migrate-storage')
    .description('Copies published results from one store or bucket to another. Nothing is deleted.')
    .requiredOption('--from <store[:bucket]>', 'local or spaces, as this environment names them', parseEnd)
    .requiredOption(
      '--to <store[:bucket]>',
      'the other one, or another bucket; without a bucket: of the same name',
      parseEnd,
    )
    .option('--dry-run', 'change nothing, and say what would be done')
    .option('--json', 'one JSON object a line instead of words');
  return addFilterOptions(command, ['kind', 'q']).action(({ from, to, ...options }: MigrateOptions) => {
    const fromBucket = from.bucket;
    if (to.bucket !== undefined && fromBucket === undefined) command.error('--from: expected a bucket, as in --to');
    if (from.driver === to.driver && (to.bucket ?? fromBucket) === fromBucket) {
      command.error('--to: expected another place than --from');
    }
    const filter = parseFilter(command, options, { statuses: ['completed'] });
    return runUpkeep(env, options, async (run) => {
      const { config, service, report } = run;
      const [store, target] = [openStore(config, from), openStore(config, to)];
      const bucketOf = (bucket: string): string => to.bucket ?? bucket;
      await withScratch(config.workDir, (dir) =>
        onEachJob(
          { ...run, redis: service.redis, filter, timeoutMs: RESULT_TIMEOUT_MS, onProgress: report.advance },
          async (record, signal) => {
            if (fromBucket !== undefined && record.request.bucket !== fromBucket) return;
            await migrateResult({ ...run, ...service, store, target, bucketOf, dir, signal }, record);
          },
        ),
      );
    });
  });
}

function parseEnd(text: string): End {
  const [, driver, bucket] = /^(local|spaces)(?::([a-z0-9][a-z0-9.-]+))?$/.exec(text) ?? [];
  if (driver === 'local' || driver === 'spaces') return { driver, bucket };
  throw new InvalidArgumentError('expected local or spaces, and a bucket behind a colon');
}

/** @throws ConfigError when the environment does not say enough */
function openStore(config: CliConfig, { driver }: End): ObjectStore {
  return createObjectStore(resolveStorage({ ...config, STORAGE_DRIVER: driver }, config.local));
}
