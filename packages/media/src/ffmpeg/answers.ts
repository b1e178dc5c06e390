import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const ANSWER_TIMEOUT_MS = 10_000;

interface Surroundings {
  cwd?: string;
  searchPath?: string;
}

/** What a command that ends at once writes to stdout, or undefined when it fails. */
export async function readAnswer(
  [file, ...args]: readonly string[],
  { cwd, searchPath }: Surroundings = {},
): Promise<string | undefined> {
  const env = searchPath === undefined ? {} : { env: { PATH: searchPath, LC_ALL: 'C' } };
  try {
    return (await promisify(execFile)(file!, args, { cwd, ...env, timeout: ANSWER_TIMEOUT_MS })).stdout;
  } catch {
    return undefined;
  }
}

export async function succeeds(command: readonly string[], surroundings: Surroundings): Promise<boolean> {
  return (await readAnswer(command, surroundings)) !== undefined;
}
