import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startOnTerminal } from '../support/pseudo-terminal.ts';
import { runCli } from '../support/run-cli.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

jest.setTimeout(60_000);

/** The scripts of `tapedeck completion`, asked by the shells that they are for. */
let temp: TempDir;
const env = { PATH: process.env.PATH! };
beforeAll(async () => {
  temp = await createTempDir('completion');
  for (const shell of ['bash', 'zsh']) {
    const { stdout, exitCode } = await runCli(['completion', shell], env);
    expect(exitCode).toBe(0);
    await writeFile(join(temp.dir, `tapedeck.${shell}`), stdout);
  }
  await writeFile(join(temp.dir, 'a tape.zip'), '');
});
afterAll(() => temp.remove());

/** What is offered for the last of the words. */
async function completeInBash(...words: string[]): Promise<string[]> {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tapedeck; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const argv = ['--norc', '-c', script, 'bash', 'tapedeck.bash', 'tapedeck', ...words];
  const { stdout, stderr } = await promisify(execFile)('bash', argv, { cwd: temp.dir, env });
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

describe('bash', () => {
  test.each([
    [['wa'], ['watch']],
    [['re'], ['retry', 'rebuild-playlists', 'reconvert']],
    [
      ['callback', ''],
      ['verify', 'listen'],
    ],
    [['callback', 'verify', '--si'], ['--signature']],
    [
      ['jobs', '--order', ''],
      ['desc', 'asc'],
    ],
    [['jobs', '--order', '=', 'a'], ['asc']],
    [['jobs', '--json', '--ki'], ['--kind']],
    [['jobs', '--limit', ''], []],
    [['doctor', 'red'], ['redis']],
    [
      ['completion', ''],
      ['bash', 'zsh'],
    ],
    [['inspect', 'a'], ['a tape.zip']],
    [['submit', '--token-file', 'tapedeck.b'], ['tapedeck.bash']],
    [['watch', ''], []],
    [['nonsense', ''], expect.arrayContaining(['submit', 'doctor'])],
  ])('completes %j to %j', async (words, offered) => {
    expect(await completeInBash(...words)).toEqual(offered);
  });

  test('knows every command that the help knows', async () => {
    const { stdout } = await runCli(['--help'], env);
    const listed = [...stdout.matchAll(/^ {2}([a-z][\w-]+) /gm)]
      .map(([, name]) => name!)
      .filter((name) => name !== 'help');
    expect((await completeInBash('')).toSorted()).toEqual(listed.toSorted());
  });
});

describe('zsh', () => {
  test('completes a command, an option with its description, a choice and a file, as they are typed', async () => {
    const home = temp.dir;
    const terminal = startOnTerminal(['zsh', '-f', '-i'], { env: { ...env, HOME: home, PS1: 'ready> ' } });
    try {
      await terminal.waitFor(/ready> /);
      // Ctrl-P prints the line that was typed so far, which zsh itself only ever draws by differences.
      terminal.type(
        `cd ${home}; autoload -U compinit; compinit -u -D; source tapedeck.zsh; ` +
          `show() { zle -I; print -r -- "<$BUFFER>"; BUFFER=; }; zle -N show; bindkey '^P' show; print set''up\r`,
      );
      await terminal.waitFor(/setup/);
      const complete = async (typed: string, completed: string) => {
        terminal.type(`${typed}\t\x10`);
        await terminal.waitFor(`<${completed}>`);
      };
      await complete('tapedeck wat', 'tapedeck watch ');
      await complete('tapedeck jobs --ord', 'tapedeck jobs --order ');
      await complete('tapedeck jobs --order des', 'tapedeck jobs --order desc ');
      await complete('tapedeck inspect a', String.raw`tapedeck inspect a\ tape.zip `);
      terminal.type('tapedeck callback listen --\t\t');
      await terminal.waitFor(/--fail +-- answer the first ones/);
    } finally {
      terminal.kill();
      await terminal.ended;
    }
  });
});
