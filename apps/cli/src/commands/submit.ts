import type { Accepted } from '@tapedeck/client';
import { Command, Option } from 'commander';
import { EXIT_CODES, UsageError } from '../exit-code.ts';
import { createInterruption } from '../interruption.ts';
import { printable } from '../printable.ts';
import { isCompleted, onEachId } from '../remote/each-job.ts';
import { followJob } from '../remote/follow-job.ts';
import { addServiceOptions, openClient, type ServiceOptions } from '../remote/open-client.ts';
import {
  addRequestOptions,
  listRequestOptions,
  loadRequest,
  toBody,
  type RequestOptions,
} from '../remote/request-options.ts';
import { submitBatch, type LineOutcome } from '../remote/submit-batch.ts';

interface SubmitOptions extends ServiceOptions, RequestOptions {
  batch?: string;
  idempotencyKey?: string;
  wait?: boolean;
  json?: boolean;
}

/** `tapedeck submit` */
export function createSubmitCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('submit')
    .description(
      'Asks the service for a conversion, or for many. Exit code 1 when one is refused; with --wait, when one fails.',
    )
    .argument('[url]', 'where the recording is');
  addRequestOptions(command)
    .addOption(new Option('--batch <file>', 'instead of a URL: a request a line as JSON; - is stdin'))
    .option('--idempotency-key <key>', 'the same key with the same request is the same job for a week')
    .option('--wait', 'show how it goes on, and end with it')
    .option('--json', 'JSON objects, one a line');
  return addServiceOptions(command).action(async (url: string | undefined, options: SubmitOptions) => {
    const submission = { env, options };
    const isWell =
      options.batch === undefined ? await submitOne(url, submission) : await submitMany(url, options.batch, submission);
    process.exitCode = isWell ? EXIT_CODES.done : EXIT_CODES.failed;
  });
}

interface Submission {
  env: NodeJS.ProcessEnv;
  options: SubmitOptions;
}

async function submitOne(url: string | undefined, { env, options }: Submission): Promise<boolean> {
  if (url === undefined) throw new UsageError('URL: expected where the recording is, or --batch, got nothing');
  const { idempotencyKey, wait = false, json = false } = options;
  const body = toBody(await loadRequest(url, options));
  const client = await openClient(env, options);
  const signal = createInterruption();
  const accepted = await ('zipUrl' in body
    ? client.convertTape(body, { idempotencyKey, signal })
    : client.convertVideo(body, { idempotencyKey, signal }));
  process.stdout.write(json ? `${JSON.stringify(accepted)}\n` : describeAccepted(accepted));
  return !wait || isCompleted(await followJob(accepted.jobId, { client, json, signal }));
}

function describeAccepted({ jobId, duplicate, positionInQueue }: Accepted): string {
  const place = positionInQueue === null ? '' : `  number ${positionInQueue} in the queue`;
  return `${printable(`${duplicate ? 'known' : 'accepted'}   ${jobId}${place}`)}\n`;
}

async function submitMany(url: string | undefined, path: string, { env, options }: Submission): Promise<boolean> {
  if (url !== undefined) throw new UsageError(`URL: expected none beside --batch, got ${JSON.stringify(url)}`);
  const ignored = listRequestOptions(options);
  if (ignored.length > 0)
    throw new UsageError(`${ignored.join(', ')}: expected none beside --batch: each line says it`);
  const { idempotencyKey, wait = false, json = false } = options;
  const client = await openClient(env, options);
  const signal = createInterruption();
  const accepted: string[] = [];
  let refused = 0;
  const summarize = (): void => {
    const summary = { ok: refused === 0, accepted: accepted.length, refused };
    process.stdout.write(json ? `${JSON.stringify(summary)}\n` : `${accepted.length} accepted, ${refused} refused\n`);
  };
  try {
    for await (const outcome of submitBatch(path, { client, idempotencyKey, signal })) {
      process.stdout.write(json ? `${JSON.stringify(outcome)}\n` : describeOutcome(outcome));
      if (outcome.ok) accepted.push(outcome.jobId);
      else refused += 1;
    }
  } catch (error) {
    if (accepted.length + refused > 0) summarize();
    throw error;
  }
  summarize();
  const follow = async (jobId: string) => isCompleted(await followJob(jobId, { client, json, signal }));
  const exitCode = wait ? await onEachId(accepted, { json, signal }, follow) : EXIT_CODES.done;
  return exitCode === EXIT_CODES.done && refused === 0;
}

function describeOutcome(outcome: LineOutcome): string {
  const place = `line ${outcome.line}:`;
  const text = outcome.ok
    ? `${outcome.duplicate ? 'known' : 'accepted'}   ${place} ${outcome.jobId}`
    : `refused    ${place} ${outcome.error.code}: ${outcome.error.message}`;
  return `${printable(text)}\n`;
}
