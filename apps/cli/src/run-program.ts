import type { Command } from 'commander';
import { EXIT_CODES, judgeError, type Failure } from './exit-code.ts';
import { printableLines } from './printable.ts';

/**
 * Runs what the arguments ask for. A failure is one line on stderr; with `--json` also an object on stdout, its last
 * line, so that a program has no need of stderr. Not so an interruption by a reader who is gone.
 * @param args without Node and the script
 * @returns the exit code
 */
export async function runProgram(program: Command, args: readonly string[]): Promise<number> {
  try {
    await program.parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? EXIT_CODES.done);
  } catch (error) {
    const failure = judgeError(error);
    tell(failure, isAskedForJson(args));
    return failure.exitCode;
  }
}

function tell({ exitCode, message, code, isSaid = false }: Failure, json: boolean): void {
  if (message === '') return;
  if (!isSaid) process.stderr.write(`${printableLines(message)}\n`);
  if (json) process.stdout.write(`${JSON.stringify({ ok: false, exitCode, error: { code, message } })}\n`);
}

/** Not of the command: arguments that make no sense have none. */
function isAskedForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? undefined : end).includes('--json');
}
