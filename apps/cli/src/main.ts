#!/usr/bin/env node
import { endOnBrokenPipe } from './interruption.ts';
import { createProgram } from './program.ts';
import { runProgram } from './run-program.ts';

process.stdout.on('error', endOnBrokenPipe);
process.exitCode = await runProgram(createProgram(process.env), process.argv.slice(2));
