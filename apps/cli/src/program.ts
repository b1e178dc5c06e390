import { VERSION } from '@tapedeck/runtime';
import { Command } from 'commander';
import { createAlertTestCommand } from './commands/alert-test.ts';
import { createCallbackCommand } from './commands/callback.ts';
import { createCleanupCommand } from './commands/cleanup.ts';
import { createCompletionCommand } from './commands/completion.ts';
import { createConvertCommand } from './commands/convert.ts';
import { createDoctorCommand } from './commands/doctor.ts';
import { createInspectCommand } from './commands/inspect.ts';
import { createJobCommand } from './commands/job.ts';
import { createJobsCommand } from './commands/jobs.ts';
import { createKeysCommand } from './commands/keys.ts';
import { createMigrateStorageCommand } from './commands/migrate-storage.ts';
import { createPasswordCommand } from './commands/password.ts';
import { createRebuildPlaylistsCommand } from './commands/rebuild-playlists.ts';
import { createReconvertCommand } from './commands/reconvert.ts';
import { createCancelCommand, createRetryCommand } from './commands/steer.ts';
import { createSubmitCommand } from './commands/submit.ts';
import { createVerifyResultsCommand } from './commands/verify-results.ts';
import { createWatchCommand } from './commands/watch.ts';
import { EXIT_HELP } from './exit-code.ts';
import { printableLines } from './printable.ts';

/** The whole tree of commands. Whatever is wrong is thrown: by commander as a CommanderError that it has printed. */
export function createProgram(env: NodeJS.ProcessEnv): Command {
  const program = new Command('tapedeck')
    .description('Converts, asks a service for conversions, and looks after it.')
    .version(VERSION)
    .addHelpText('after', EXIT_HELP);
  addGroup(program, 'For callers:', [
    createConvertCommand(env),
    createSubmitCommand(env),
    createWatchCommand(env),
    createJobsCommand(env),
    createJobCommand(env),
    createCancelCommand(env),
    createRetryCommand(env),
    createCallbackCommand(env),
    createInspectCommand(env),
    createCompletionCommand(),
  ]);
  addGroup(program, 'For operators:', [
    createDoctorCommand(env),
    createKeysCommand(),
    createPasswordCommand(),
    createAlertTestCommand(env),
    createCleanupCommand(env),
    createVerifyResultsCommand(env),
    createRebuildPlaylistsCommand(env),
    createReconvertCommand(env),
    createMigrateStorageCommand(env),
  ]);
  applyToAll(program);
  return program;
}

function addGroup(program: Command, heading: string, commands: readonly Command[]): void {
  for (const command of commands) program.addCommand(command.helpGroup(heading));
}

/** Of the whole tree: a command that was made by itself takes no setting over from the one that it is added to. */
function applyToAll(command: Command): void {
  command.exitOverride();
  // It quotes arguments, which may be made of strangers' names.
  command.configureOutput({ outputError: (text, write) => write(printableLines(text)) });
  for (const child of command.commands) applyToAll(child);
}
