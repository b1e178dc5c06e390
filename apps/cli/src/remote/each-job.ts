import { TapedeckError, type Job } from '@tapedeck/client';
import { EXIT_CODES, judgeError } from '../exit-code.ts';
import { printable } from '../printable.ts';
import { readIds } from '../read-input.ts';

export interface EachOptions {
  /** What is refused is told as a line of JSON. */
  json: boolean;
  signal: AbortSignal;
}

/**
 * Does something with each job, one after the other. What the service refuses for one is told and holds up no other;
 * without the service there is no use in going on.
 * @param work returns whether the job is as it was wanted
 * @returns the exit code
 * @throws TapedeckError when the service is not there or lets nobody in
 */
export async function onEachId(
  jobIds: readonly string[],
  { json, signal }: EachOptions,
  work: (jobId: string) => Promise<boolean>,
): Promise<number> {
  let isWell = true;
  for await (const jobId of readIds(jobIds, signal)) {
    try {
      if (!(await work(jobId))) isWell = false;
    } catch (error) {
      if (!(error instanceof TapedeckError) || judgeError(error).exitCode === EXIT_CODES.unavailable) throw error;
      isWell = false;
      tellRefusal(jobId, error, json);
    }
  }
  return isWell ? EXIT_CODES.done : EXIT_CODES.failed;
}

function tellRefusal(jobId: string, { code, message }: TapedeckError, json: boolean): void {
  // As the command will end, whatever becomes of the other jobs.
  const exitCode = EXIT_CODES.failed;
  if (json) process.stdout.write(`${JSON.stringify({ ok: false, exitCode, jobId, error: { code, message } })}\n`);
  else process.stderr.write(`${printable(`${jobId}: ${message}`)}\n`);
}

/** As `onEachId` wants it. */
export function isCompleted({ status }: Job): boolean {
  return status === 'completed';
}
