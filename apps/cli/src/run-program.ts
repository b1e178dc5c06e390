import type { Command } from 'commander';
import { EXIT_CODES, judgeError, type Failure } from './exit-code.ts';

/**
 * Runs what the arguments ask for. A failure is one line on stderr; with `--json` also an object on stdout, so that a
 * program reads `ok` in the last line of it whatever happened.
 * @param args without Node and the script
 * @returns the exit code
 */
export async function runProgram(program: Command, args: readonly string[]): Promise<number> {
  let action: Command | undefined;
  program.hook('preAction', (_program, command) => {
    action = command;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? EXIT_CODES.done);
  } catch (error) {
    const failure = judgeError(error);
    tell(failure, isAskedForJson(action));
    return failure.exitCode;
  }
}

function tell({ exitCode, message, code }: Failure, json: boolean): void {
  if (message === '') return;
  process.stderr.write(`${message}\n`);
  if (json) process.stdout.write(`${JSON.stringify({ ok: false, exitCode, error: { code, message } })}\n`);
}

function isAskedForJson(action: Command | undefined): boolean {
  return action?.getOptionValue('json') === true;
}
