import type { Job, TapedeckClient } from '@tapedeck/client';
import { Command } from 'commander';
import { createInterruption } from '../interruption.ts';
import { describeJob } from '../remote/describe-job.ts';
import { onEachId } from '../remote/each-job.ts';
import { addServiceOptions, openClient, type ServiceOptions } from '../remote/open-client.ts';

interface SteerOptions extends ServiceOptions {
  json?: boolean;
}

/** `tapedeck cancel` */
export function createCancelCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('cancel').description(
    'Ends jobs that have not ended. Exit code 1 when one could not be.',
  );
  return buildSteerCommand(command, env, (client, jobId, signal) => client.cancel(jobId, { signal }));
}

/** `tapedeck retry` */
export function createRetryCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('retry').description(
    'Runs jobs again that failed or were canceled. Exit code 1 when one could not be.',
  );
  return buildSteerCommand(command, env, (client, jobId, signal) => client.retry(jobId, { signal }));
}

type Steer = (client: TapedeckClient, jobId: string, signal: AbortSignal) => Promise<Job>;

function buildSteerCommand(command: Command, env: NodeJS.ProcessEnv, steer: Steer): Command {
  command
    .argument('<job...>', 'ids of jobs, or - for one a line on stdin')
    .option('--json', 'the job as a JSON object, one a line');
  return addServiceOptions(command).action(async (jobIds: string[], { json = false, ...service }: SteerOptions) => {
    const client = await openClient(env, service);
    const signal = createInterruption();
    process.exitCode = await onEachId(jobIds, { json, signal }, async (jobId) => {
      const job = await steer(client, jobId, signal);
      process.stdout.write(json ? `${JSON.stringify(job)}\n` : describeJob(job));
      return true;
    });
  });
}
