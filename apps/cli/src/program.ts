import { VERSION } from '@tapedeck/runtime';
import { Command } from 'commander';
import { createAlertTestCommand } from './commands/alert-test.ts';
import { createCleanupCommand } from './commands/cleanup.ts';
import { createConvertCommand } from './commands/convert.ts';
import { createDoctorCommand } from './commands/doctor.ts';
import { createInspectCommand } from './commands/inspect.ts';
import { createKeysCommand } from './commands/keys.ts';
import { createMigrateStorageCommand } from './commands/migrate-storage.ts';
import { createPasswordCommand } from './commands/password.ts';
import { createRebuildPlaylistsCommand } from './commands/rebuild-playlists.ts';
import { createReconvertCommand } from './commands/reconvert.ts';
import { createVerifyResultsCommand } from './commands/verify-results.ts';
import { EXIT_HELP } from './exit-code.ts';

/** The whole tree of commands. Whatever is wrong is thrown: by commander as a CommanderError that it has printed. */
export function createProgram(env: NodeJS.ProcessEnv): Command {
  const program = new Command('tapedeck')
    .description('Converts, asks the service for conversions, and looks after it.')
    .version(VERSION)
    .addHelpText('after', EXIT_HELP)
    .addCommand(createAlertTestCommand(env))
    .addCommand(createCleanupCommand(env))
    .addCommand(createConvertCommand(env))
    .addCommand(createDoctorCommand(env))
    .addCommand(createInspectCommand(env))
    .addCommand(createKeysCommand())
    .addCommand(createMigrateStorageCommand(env))
    .addCommand(createPasswordCommand())
    .addCommand(createRebuildPlaylistsCommand(env))
    .addCommand(createReconvertCommand(env))
    .addCommand(createVerifyResultsCommand(env));
  throwErrors(program);
  return program;
}

/** Of the whole tree: a command that was made by itself takes no setting over from the one that it is added to. */
function throwErrors(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwErrors(child);
}
