import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const ANSWER_TIMEOUT_MS = 10_000;

interface Surroundings {
  cwd?: string;
  /** All of our environment that the command gets. */
  searchPath: string;
}

/** What a command that ends at once writes to stdout, or undefined when it fails. */
export async function readAnswer(
  [file, ...args]: readonly string[],
  { cwd, searchPath }: Surroundings,
): Promise<string | undefined> {
  try {
    return (
      await promisify(execFile)(file!, args, {
        cwd,
        env: { PATH: searchPath, LC_ALL: 'C' },
        timeout: ANSWER_TIMEOUT_MS,
      })
    ).stdout;
  } catch {
    return undefined;
  }
}

export async function succeeds(command: readonly string[], surroundings: Surroundings): Promise<boolean> {
  return (await readAnswer(command, surroundings)) !== undefined;
}
