#!/usr/bin/env node
import { VERSION } from '@tapedeck/runtime';
import { Command } from 'commander';
import { createDoctorCommand } from './commands/doctor.ts';

await new Command('tapedeck')
  .description('What an operator does by hand.')
  .version(VERSION)
  .showHelpAfterError()
  .addCommand(createDoctorCommand(process.env))
  .parseAsync();
