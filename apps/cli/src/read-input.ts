import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { UsageError } from './exit-code.ts';

/** What stands for stdin wherever a file is expected. */
export const STDIN = '-';

/** @param argument as its user calls it. @throws UsageError that names it, when the file cannot be read */
export async function readInput(argument: string, path: string): Promise<Buffer> {
  try {
    return await buffer(openInput(path));
  } catch (error) {
    throw unreadable(argument, path, error);
  }
}

/** The lines of a file that may be long, one after the other and without their ends. @throws UsageError as readInput does */
export async function* readInputLines(argument: string, path: string): AsyncGenerator<string, void, undefined> {
  const input = openInput(path);
  // Readline itself ends as if the file did.
  const failure = finished(input).then(
    () => undefined,
    (error: unknown) => error,
  );
  yield* createInterface({ input, crlfDelay: Infinity });
  const error = await failure;
  if (error !== undefined) throw unreadable(argument, path, error);
}

/** Job ids as a command has them; `-` alone reads them from stdin, one a line. */
export async function* readIds(jobIds: readonly string[]): AsyncGenerator<string, void, undefined> {
  if (jobIds.length !== 1 || jobIds[0] !== STDIN) return yield* jobIds;
  for await (const line of readInputLines('JOB', STDIN)) {
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
