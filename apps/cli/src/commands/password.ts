import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { hashPassword } from '@tapedeck/runtime';
import { Command } from 'commander';

const MIN_CHARS = 12;

/** `tapedeck password`: turns a password into what may stand in an environment. */
export function createPasswordCommand(): Command {
  return new Command('password')
    .description('Reads a password (typed unseen, or one line of stdin) and prints what ADMIN_PASSWORD_HASH takes.')
    .option('--viewer', 'for VIEWER_PASSWORD_HASH: may look at everything and change nothing')
    .action(async ({ viewer = false }: { viewer?: boolean }, command: Command) => {
      const password = await readPassword();
      if (password.length < MIN_CHARS) {
        command.error(`password: expected at least ${MIN_CHARS} characters, got ${password.length}`);
      }
      const variable = viewer ? 'VIEWER_PASSWORD_HASH' : 'ADMIN_PASSWORD_HASH';
      process.stdout.write(`${variable}=${await hashPassword(password)}\n`);
    });
}

/** What is typed at a terminal is echoed by nobody. */
async function readPassword(): Promise<string> {
  const isTerminal = process.stdin.isTTY === true;
  if (isTerminal) process.stderr.write('Password: ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: isTerminal });
  const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close').then(() => [''])])) as [string];
  lines.close();
  if (isTerminal) process.stderr.write('\n');
  return line;
}
