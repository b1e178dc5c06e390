#!/usr/bin/env node
import { VERSION } from '@tapedeck/runtime';
import { Command } from 'commander';
import { createAlertTestCommand } from './commands/alert-test.ts';
import { createCleanupCommand } from './commands/cleanup.ts';
import { createDoctorCommand } from './commands/doctor.ts';
import { createInspectCommand } from './commands/inspect.ts';
import { createKeysCommand } from './commands/keys.ts';
import { createMigrateStorageCommand } from './commands/migrate-storage.ts';
import { createPasswordCommand } from './commands/password.ts';
import { createRebuildPlaylistsCommand } from './commands/rebuild-playlists.ts';
import { createReconvertCommand } from './commands/reconvert.ts';
import { createVerifyResultsCommand } from './commands/verify-results.ts';

await new Command('tapedeck')
  .description('What an operator does by hand.')
  .version(VERSION)
  .showHelpAfterError()
  .addCommand(createAlertTestCommand(process.env))
  .addCommand(createCleanupCommand(process.env))
  .addCommand(createDoctorCommand(process.env))
  .addCommand(createInspectCommand(process.env))
  .addCommand(createKeysCommand())
  .addCommand(createMigrateStorageCommand(process.env))
  .addCommand(createPasswordCommand())
  .addCommand(createRebuildPlaylistsCommand(process.env))
  .addCommand(createReconvertCommand(process.env))
  .addCommand(createVerifyResultsCommand(process.env))
  .parseAsync();
