import { onEachJob, rebuildMaster, withScratch } from '@tapedeck/upkeep';
import { Command } from 'commander';
import { addFilterOptions, parseFilter, type FilterOptions } from '../job-filter.ts';
import { openTools } from '../open-tools.ts';

import { runUpkeep, type RunOptions } from '../upkeep/run-upkeep.ts';

const STREAM_TIMEOUT_MS = 10 * 60_000;

/** `tapedeck rebuild-playlists`: what is as it should be is left alone, so it may be run again after an interruption. */
export function createRebuildPlaylistsCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('rebuild-playlists')
    .description('Writes master playlists anew from the media playlists and segments that are published.')
    .option('--dry-run', 'change nothing, and say what would be done')
    .option('--json', 'one JSON object a line instead of words');
  return addFilterOptions(command, ['q', 'from', 'to']).action((options: FilterOptions & RunOptions) => {
    const filter = parseFilter(command, options, { statuses: ['completed'], kind: 'hls' });
    return runUpkeep(env, options, async (run) => {
      const { config, service, report } = run;
      await withScratch(config.workDir, async (dir) => {
        const tools = await openTools(config, env.PATH, dir);
        await onEachJob(
          { ...run, redis: service.redis, filter, timeoutMs: STREAM_TIMEOUT_MS, onProgress: report.advance },
          (record, signal) => rebuildMaster({ ...run, ...service, tools, dir, signal }, record),
        );
      });
    });
  });
}
