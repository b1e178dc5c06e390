#!/usr/bin/env node
import { endOnBrokenPipe } from './interruption.ts';
import { createProgram } from './program.ts';
import { runProgram } from './run-program.ts';

for (const stream of [process.stdout, process.stderr]) stream.on('error', endOnBrokenPipe);
process.exitCode = await runProgram(createProgram(process.env), process.argv.slice(2));
