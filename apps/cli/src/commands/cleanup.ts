import { CLEANUPS, type CleanupName } from '@tapedeck/contracts';
import { cleanUp, describeFailure, removeOrphans, stuckLimits } from '@tapedeck/upkeep';
import { Command, InvalidArgumentError } from 'commander';
import { runUpkeep, type RunOptions } from '../upkeep/run-upkeep.ts';

/** What --only takes: the directories of dead workers are on this machine, the rest is wherever the service is. */
const NAMES = ['workspaces', ...CLEANUPS] as const;
type Name = (typeof NAMES)[number];

interface CleanupOptions extends RunOptions {
  only?: Name[];
}

/** `tapedeck cleanup`: what the workers do by the schedule, now. */
export function createCleanupCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('cleanup')
    .description('Removes what nobody needs any more, as the workers do by themselves. Doing it twice does nothing.')
    .option('--dry-run', 'change nothing, and say what would be done')
    .option('--only <names>', `some of ${NAMES.join(',')}; default: all`, parseNames)
    .option('--json', 'one JSON object a line instead of words')
    .action(({ only = [...NAMES], ...options }: CleanupOptions) =>
      runUpkeep(env, options, async (run) => {
        const { config, service } = run;
        if (only.includes('workspaces')) {
          await removeOrphans(config.workDir, run).catch((error: unknown) => {
            run.signal.throwIfAborted();
            run.onDeed({ outcome: 'failed', about: 'workspaces', what: describeFailure(error) });
          });
        }
        const names = only.filter((name): name is CleanupName => name !== 'workspaces');
        const keep = { ...stuckLimits(config), ...config.retention, resultsMs: config.retention.resultsMs ?? null };
        await cleanUp(names, { ...run, ...service, keep });
      }),
    );
}

function parseNames(text: string): Name[] {
  const asked = text.split(',').map((name) => name.trim());
  const names = NAMES.filter((name) => asked.includes(name));
  if (asked.every((name) => names.some((known) => known === name))) return names;
  throw new InvalidArgumentError(`expected some of ${NAMES.join(', ')}, with commas between`);
}
