import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
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
  try {
    yield* splitLines(input);
  } catch (error) {
    signal.throwIfAborted();
    throw unreadable(argument, path, error);
  }
}

/**
 * Not readline: to that one U+2028 and a lone CR end a line, and JSON may have the former in a string. A byte order mark
 * is none of the text.
 */
async function* splitLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of input) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield line.replace(/\r$/, '');
  }
  rest += decoder.decode();
  if (rest !== '') yield rest.replace(/\r$/, '');
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
