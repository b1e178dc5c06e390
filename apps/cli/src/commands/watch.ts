import { Command } from 'commander';
import { createInterruption } from '../interruption.ts';
import { isCompleted, onEachId } from '../remote/each-job.ts';
import { followJob } from '../remote/follow-job.ts';
import { addServiceOptions, openClient, type ServiceOptions } from '../remote/open-client.ts';

interface WatchOptions extends ServiceOptions {
  json?: boolean;
}

/** `tapedeck watch`: several jobs are watched one after the other, which is how they end more often than not. */
export function createWatchCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('watch')
    .description('Shows jobs until they have ended, and where their results are. Exit code 1 unless all are completed.')
    .argument('<job...>', 'ids of jobs, or - for one a line on stdin')
    .option('--json', 'the job as a JSON object at every change, one a line');
  return addServiceOptions(command).action(async (jobIds: string[], { json = false, ...service }: WatchOptions) => {
    const client = await openClient(env, service);
    const signal = createInterruption();
    process.exitCode = await onEachId(jobIds, { json, signal }, async (jobId) =>
      isCompleted(await followJob(jobId, { client, json, signal })),
    );
  });
}
