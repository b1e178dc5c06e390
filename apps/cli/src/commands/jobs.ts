import { Command } from 'commander';
import { createInterruption } from '../interruption.ts';
import { addFilterOptions, parseQuery, type FilterOptions } from '../job-filter.ts';
import { formatJobTable } from '../remote/job-table.ts';
import { addServiceOptions, openClient, type ServiceOptions } from '../remote/open-client.ts';

interface JobsOptions extends FilterOptions, ServiceOptions {
  json?: boolean;
}

/** `tapedeck jobs` */
export function createJobsCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('jobs')
    .description('Lists jobs, the newest first.')
    .option('--json', 'one JSON object a line, the last one with the total');
  addFilterOptions(command, ['status', 'kind', 'code', 'q', 'from', 'to', 'sort', 'order', 'limit', 'offset']);
  return addServiceOptions(command).action(async ({ json = false, url, tokenFile, ...filter }: JobsOptions) => {
    const query = parseQuery(command, filter);
    const client = await openClient(env, { url, tokenFile });
    const { jobs, total, totalIsEstimate, limit, offset } = await client.jobs(query, { signal: createInterruption() });
    if (json) {
      for (const job of jobs) process.stdout.write(`${JSON.stringify(job)}\n`);
      process.stdout.write(`${JSON.stringify({ ok: true, total, totalIsEstimate, limit, offset })}\n`);
      return;
    }
    process.stdout.write(formatJobTable(jobs, process.stdout.columns));
    process.stdout.write(`${jobs.length} of ${totalIsEstimate ? 'about ' : ''}${total} from ${offset} on\n`);
  });
}
