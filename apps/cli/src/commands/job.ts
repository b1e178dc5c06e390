import { Command } from 'commander';
import { createInterruption } from '../interruption.ts';
import { describeJob } from '../remote/describe-job.ts';
import { addServiceOptions, openClient, type ServiceOptions } from '../remote/open-client.ts';

interface JobOptions extends ServiceOptions {
  json?: boolean;
}

/** `tapedeck job` */
export function createJobCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('job')
    .description('Shows one job as it is now.')
    .argument('<job>', 'its id')
    .option('--json', 'the whole job as a JSON object');
  return addServiceOptions(command).action(async (jobId: string, { json = false, ...service }: JobOptions) => {
    const client = await openClient(env, service);
    const job = await client.job(jobId, { signal: createInterruption() });
    process.stdout.write(json ? `${JSON.stringify(job)}\n` : describeJob(job));
  });
}
