import { Argument, Command } from 'commander';
import { buildBashScript } from '../completion/bash-script.ts';
import { listCompletionNodes } from '../completion/completion-tree.ts';
import { buildZshScript } from '../completion/zsh-script.ts';

const BUILD = { bash: buildBashScript, zsh: buildZshScript } as const;
type Shell = keyof typeof BUILD;

/** `tapedeck completion`: a script that needs no tapedeck while somebody types, and so answers at once. */
export function createCompletionCommand(): Command {
  const command = new Command('completion')
    .description('Prints a script that lets a shell complete commands: source <(tapedeck completion bash)')
    .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(BUILD)));
  return command.action((shell: Shell) => {
    process.stdout.write(BUILD[shell](listCompletionNodes(rootOf(command))));
  });
}

function rootOf(command: Command): Command {
  return command.parent ? rootOf(command.parent) : command;
}
