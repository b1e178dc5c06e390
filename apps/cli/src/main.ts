#!/usr/bin/env node
import { VERSION } from '@tapedeck/runtime';
import { Command } from 'commander';
import { createAlertTestCommand } from './commands/alert-test.ts';
import { createCleanupCommand } from './commands/cleanup.ts';
import { createDoctorCommand } from './commands/doctor.ts';
import { createInspectCommand } from './commands/inspect.ts';
import { createKeysCommand } from './commands/keys.ts';
import { createPasswordCommand } from './commands/password.ts';

await new Command('tapedeck')
  .description('What an operator does by hand.')
  .version(VERSION)
  .showHelpAfterError()
  .addCommand(createAlertTestCommand(process.env))
  .addCommand(createCleanupCommand(process.env))
  .addCommand(createDoctorCommand(process.env))
  .addCommand(createInspectCommand(process.env))
  .addCommand(createKeysCommand())
  .addCommand(createPasswordCommand())
  .parseAsync();
