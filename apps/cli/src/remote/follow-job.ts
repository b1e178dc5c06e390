import type { Job, TapedeckClient } from '@tapedeck/client';
import { createProgressBar } from '../progress/progress-bar.ts';
import { describeJob, progressOf } from './describe-job.ts';

export interface FollowOptions {
  client: TapedeckClient;
  /** Every change of the job as a line of JSON instead of a bar and words. */
  json: boolean;
  signal: AbortSignal;
}

/** Shows a job until it has ended, and then how. @returns the job as it ended */
export async function followJob(jobId: string, { client, json, signal }: FollowOptions): Promise<Job> {
  const bar = createProgressBar({ stderr: process.stderr, json });
  let last: Job | undefined;
  try {
    for await (const job of client.waitFor(jobId, { signal })) {
      last = job;
      bar.advance(progressOf(job));
      if (json) process.stdout.write(`${JSON.stringify(job)}\n`);
    }
  } finally {
    bar.clear();
  }
  if (!last) throw new Error(`waitFor ended without a word of ${jobId}`);
  if (!json) process.stdout.write(describeJob(last));
  return last;
}
