import {
  cleanUpSuperseded,
  deleteOldRecords,
  deleteOldResults,
  describeFailure,
  putBackStuck,
  removeOrphans,
  stuckLimits,
} from '@tapedeck/upkeep';
import { Command, InvalidArgumentError } from 'commander';
import { runUpkeep, type RunOptions, type UpkeepRun } from '../upkeep/run-upkeep.ts';

/** By the names that --only takes, in the order in which they are done: a result goes before its record. */
const CLEANUPS: Record<string, (run: UpkeepRun) => Promise<void>> = {
  workspaces: (run) => removeOrphans(run.config.workDir, run),
  segments: (run) => cleanUpSuperseded({ ...run, ...run.service, keepMs: run.config.retention.supersededMs }),
  async results(run) {
    const { resultsMs } = run.config.retention;
    if (resultsMs === undefined) {
      const what = 'nothing, because DELETE_RESULTS_AFTER_DAYS is not set';
      return run.onDeed({ outcome: 'skipped', about: 'results', what });
    }
    await deleteOldResults({ ...run, ...run.service, olderThanMs: resultsMs });
  },
  records(run) {
    const { recordsMs, resultsMs } = run.config.retention;
    return deleteOldRecords({
      ...{ ...run, ...run.service },
      ...{ olderThanMs: recordsMs, waitForResults: resultsMs !== undefined },
    });
  },
  stuck: (run) => putBackStuck({ ...run, backend: run.service.backend, limits: stuckLimits(run.config) }),
};
const NAMES = Object.keys(CLEANUPS);

interface CleanupOptions extends RunOptions {
  only?: string[];
}

/** `tapedeck cleanup`: what the workers do by the schedule, now. */
export function createCleanupCommand(env: NodeJS.ProcessEnv): Command {
  return new Command('cleanup')
    .description('Removes what nobody needs any more, as the workers do by themselves. Doing it twice does nothing.')
    .option('--dry-run', 'change nothing, and say what would be done')
    .option('--only <names>', `some of ${NAMES.join(',')}; default: all`, parseNames)
    .option('--json', 'one JSON object a line instead of words')
    .action(({ only = NAMES, ...options }: CleanupOptions) =>
      runUpkeep(env, options, async (run) => {
        for (const name of NAMES.filter((each) => only.includes(each))) {
          run.signal.throwIfAborted();
          await CLEANUPS[name]!(run).catch((error: unknown) => {
            run.signal.throwIfAborted();
            run.onDeed({ outcome: 'failed', about: name, what: describeFailure(error) });
          });
        }
      }),
    );
}

function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => NAMES.includes(name))) return names;
  throw new InvalidArgumentError(`expected some of ${NAMES.join(', ')}, with commas between`);
}
