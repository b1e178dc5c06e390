import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { hashPassword, PASSWORD_CHARS } from '@tapedeck/runtime';
import { Command } from 'commander';

/** `tapedeck password`: turns a password into what may stand in an environment. */
export function createPasswordCommand(): Command {
  return new Command('password')
    .description('Reads a password (typed unseen, or one line of stdin) and prints what ADMIN_PASSWORD_HASH takes.')
    .option('--viewer', 'for VIEWER_PASSWORD_HASH: may look at everything and change nothing')
    .option('--json', 'one JSON object instead of a line: variable and value')
    .action(async ({ viewer = false, json = false }: { viewer?: boolean; json?: boolean }, command: Command) => {
      const password = await readPassword();
      const { min, max } = PASSWORD_CHARS;
      if (password.length < min || password.length > max) {
        command.error(`password: expected ${min} to ${max} characters, got ${password.length}`);
      }
      const variable = viewer ? 'VIEWER_PASSWORD_HASH' : 'ADMIN_PASSWORD_HASH';
      const value = await hashPassword(password);
      process.stdout.write(json ? `${JSON.stringify({ variable, value })}\n` : `${variable}=${value}\n`);
    });
}

/** What is typed at a terminal is echoed by nobody. */
async function readPassword(): Promise<string> {
  const isTerminal = process.stdin.isTTY === true;
  if (isTerminal) process.stderr.write('Password: ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: isTerminal });
  const line = await readLine(lines);
  lines.close();
  if (isTerminal) process.stderr.write('\n');
  return line;
}

/** The first one; empty where there is none. */
async function readLine(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) return line;
  return '';
}
