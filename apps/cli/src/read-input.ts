import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { addAbortSignal, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { UsageError } from './exit-code.ts';

/** What stands for stdin wherever a file is expected. */
export const STDIN = '-';

/**
 * To be called before there is an interruption: without one Ctrl-C ends a command that waits for its stdin.
 * @param argument as its user calls it. @throws UsageError that names it, when the file cannot be read
 */
export async function readInput(argument: string, path: string): Promise<Buffer> {
  try {
    return await buffer(openInput(path));
  } catch (error) {
    throw unreadable(argument, path, error);
  }
}

/**
 * The lines of a file that may be long, or of a pipe that may be silent for long, one after the other and without their
 * ends. @throws UsageError as readInput does, and the signal's reason
 */
export async function* readInputLines(
  argument: string,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const input = addAbortSignal(signal, openInput(path));
  const whole = finished(input);
  whole.catch(() => undefined);
  try {
    yield* createInterface({ input, crlfDelay: Infinity });
    // Readline itself ends as if a file did that cannot be read.
    await whole;
  } catch (error) {
    signal.throwIfAborted();
    throw unreadable(argument, path, error);
  }
}

/** Job ids as a command has them; `-` alone reads them from stdin, one a line. */
export async function* readIds(
  jobIds: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  if (jobIds.length !== 1 || jobIds[0] !== STDIN) return yield* jobIds;
  for await (const line of readInputLines('JOB', STDIN, signal)) {
    if (line.trim() !== '') yield line.trim();
  }
}

function openInput(path: string): Readable {
  return path === STDIN ? process.stdin : createReadStream(path);
}

function unreadable(argument: string, path: string, error: unknown): UsageError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new UsageError(`${argument}: expected a file that can be read, got ${JSON.stringify(path)} (${reason})`);
}
