import { TapedeckError, type BatchAnswer, type TapedeckClient } from '@tapedeck/client';
import { ERROR_TABLE, MAX_BATCH_JOBS, parseConvertRequest, type ConvertRequest } from '@tapedeck/contracts';
import { EXIT_CODES, judgeError, UnavailableError } from '../exit-code.ts';
import { parsePlainJson } from '../parse-plain-json.ts';
import { readInputLines } from '../read-input.ts';
import { toBody } from './request-options.ts';

/** What became of one line. `status` is that of `POST /convert`, also for a line that was not sent. */
export type LineOutcome =
  | { line: number; ok: true; jobId: string; duplicate: boolean }
  | { line: number; ok: false; status: number; error: { code: string; message: string } };

export interface BatchOptions {
  client: TapedeckClient;
  idempotencyKey: string | undefined;
  signal: AbortSignal;
}

/** `POST /convert/batch` takes 4 MiB, and what is sent has its defaults filled in. */
const MAX_CHUNK_BYTES = 2 * 1024 ** 2;
/** Said of one line, and true of the lines behind it: the limit is reached, or Redis or the store is away. */
const FOR_THE_REST: readonly number[] = [429, 503];
/** Said of a whole call, before a line of it was looked at. */
const TAKES_NOTHING: readonly number[] = [401, 403, 429];

/**
 * One request a line. A line that does not fit is told and not sent. The lines go in order, in as few batches as may be.
 * @throws UnavailableError naming the lines to send again, when the service takes no more
 */
export async function* submitBatch(path: string, options: BatchOptions): AsyncGenerator<LineOutcome, void, undefined> {
  for await (const chunk of readChunks(path, options.signal)) {
    options.signal.throwIfAborted();
    const outcomes = await submitChunk(chunk, options).catch((error: unknown) => refuseRest(chunk[0]!.line, error));
    yield* outcomes;
    const rest = outcomes.find((outcome) => !outcome.ok && FOR_THE_REST.includes(outcome.status));
    if (rest && !rest.ok) {
      const advice = `send again what was refused, and what comes after line ${chunk.at(-1)!.line}`;
      const { code, message } = rest.error;
      throw new UnavailableError(`The service takes no more (${advice}): ${message}`, { code });
    }
  }
}

/** @throws whatever it was; of a service that is away, or lets nobody in, what it took */
function refuseRest(line: number, error: unknown): never {
  const isAway = error instanceof TapedeckError && judgeError(error).exitCode === EXIT_CODES.unavailable;
  if (!isAway) throw error;
  const { code, message, status = 0 } = error;
  if (TAKES_NOTHING.includes(status)) {
    throw new UnavailableError(`From line ${line} on nothing was taken: ${message}`, { code, cause: error });
  }
  const advice = 'with the same --idempotency-key all of it may be sent again';
  const problem = `From line ${line} on it is not known what was taken (${advice}): ${message}`;
  throw new UnavailableError(problem, { code, cause: error });
}

interface Line {
  line: number;
  text: string;
}

async function* readChunks(path: string, signal: AbortSignal): AsyncGenerator<Line[], void, undefined> {
  let chunk: Line[] = [];
  let sizeBytes = 0;
  let line = 0;
  for await (const text of readInputLines('--batch', path, signal)) {
    line += 1;
    if (text.trim() === '') continue;
    const bytes = Buffer.byteLength(text);
    if (chunk.length === MAX_BATCH_JOBS || (chunk.length > 0 && sizeBytes + bytes > MAX_CHUNK_BYTES)) {
      yield chunk;
      [chunk, sizeBytes] = [[], 0];
    }
    chunk.push({ line, text });
    sizeBytes += bytes;
  }
  if (chunk.length > 0) yield chunk;
}

async function submitChunk(
  chunk: readonly Line[],
  { client, idempotencyKey, signal }: BatchOptions,
): Promise<LineOutcome[]> {
  const outcomes: LineOutcome[] = [];
  const sent: { line: number; request: ConvertRequest }[] = [];
  for (const { line, text } of chunk) {
    const parsed = parseLine(text);
    if ('request' in parsed) sent.push({ line, ...parsed });
    else outcomes.push(toRefusal(line, parsed.message));
  }
  if (sent.length > 0) {
    const { results } = await client.convertBatch(
      sent.map(({ request }) => toBody(request)),
      { idempotencyKey, signal },
    );
    outcomes.push(...results.map((result) => toOutcome(sent[result.index]!.line, result)));
  }
  return outcomes.toSorted((a, b) => a.line - b.line);
}

function parseLine(text: string): { request: ConvertRequest } | { message: string } {
  let body: unknown;
  try {
    body = parsePlainJson(text);
  } catch {
    return { message: 'expected a request as a JSON object' };
  }
  const parsed = parseConvertRequest(body);
  if (parsed.ok) return { request: parsed.request };
  return { message: parsed.issues.map(({ path, message }) => `${path}: ${message}`).join('; ') };
}

function toRefusal(line: number, message: string): LineOutcome {
  const code = 'REQUEST_INVALID';
  return { line, ok: false, status: ERROR_TABLE[code].httpStatus, error: { code, message } };
}

function toOutcome(line: number, result: BatchAnswer['results'][number]): LineOutcome {
  if ('job' in result) return { line, ok: true, jobId: result.job.jobId, duplicate: result.job.duplicate ?? false };
  const { code, detail } = result.problem;
  return { line, ok: false, status: result.status, error: { code, message: detail } };
}
