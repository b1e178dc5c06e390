import { Command } from 'commander';
import { addChoiceOptions, type ChoiceOptions } from '../choices.ts';
import { loadConfig } from '../config.ts';
import { createBarProgress, formatSpeed } from '../convert/bar-progress.ts';
import { convertFile, type Made } from '../convert/convert-file.ts';
import { chooseDestination } from '../convert/destination.ts';
import { openRecording } from '../convert/recording.ts';
import { UsageError } from '../exit-code.ts';
import { createInterruption } from '../interruption.ts';
import { printable } from '../printable.ts';
import { formatDuration } from '../progress/format-progress.ts';
import { createProgressBar } from '../progress/progress-bar.ts';

interface ConvertOptions extends ChoiceOptions {
  output?: string;
  force?: boolean;
  json?: boolean;
}

/** `tapedeck convert`: what a worker does, for who has a tape on the desk and no service. */
export function createConvertCommand(env: NodeJS.ProcessEnv): Command {
  const command = new Command('convert')
    .description('Converts a tape into an MP4, or a video into HLS, on this machine: no API, no Redis, no store.')
    .argument('<FILE>', 'a tape (ZIP), a video or a sound; - for stdin')
    .option(
      '-o, --output <OUT>',
      'the MP4, or the directory for the stream; - for stdout. By the name of FILE, here, if not said',
    )
    .option('--force', 'replace what is there')
    .option('--json', 'one JSON object instead of lines');
  return addChoiceOptions(command).action(async (target: string, options: ConvertOptions) => {
    const { output, poster = true, force = false, json = false } = options;
    if (json && output === '-') throw new UsageError('--json: expected none with --output -: stdout has the MP4');
    const config = loadConfig(env);
    const signal = createInterruption();
    const recording = await openRecording(target, process.stdin, signal);
    const destination = await chooseDestination({ ...recording, output, poster, force, stdout: process.stdout });
    const bar = createProgressBar({ stderr: process.stderr, json });
    const progress = createBarProgress(bar);
    const beganAtMs = performance.now();
    const made = await convertFile({
      ...{ recording, destination, config, progress, signal },
      ...{ choices: pickChoices(options), searchPath: env.PATH },
    }).finally(bar.clear);
    const elapsedSec = (performance.now() - beganAtMs) / 1000;
    const told = json ? `${JSON.stringify({ ok: true, ...made, elapsedSec, plan: progress.decided })}\n` : '';
    (output === '-' ? process.stderr : process.stdout).write(told || describe(made, elapsedSec));
  });
}

function pickChoices({ output: _output, force: _force, json: _json, ...choices }: ConvertOptions): ChoiceOptions {
  return choices;
}

function describe(made: Made, elapsedSec: number): string {
  const { path, posterPath, durationSec, sizeBytes, resolution, renditions } = made;
  const size = resolution ? `${resolution.join('×')}, ` : '';
  const facts = `${size}${durationSec.toFixed(3)} s, ${(sizeBytes / 1e6).toFixed(1)} MB`;
  const lines = [
    `${path === '-' ? 'stdout' : path}  ${facts}`,
    ...(posterPath ? [posterPath] : []),
    ...renditions.map(({ name, width, height }) => `  ${name}${width ? `  ${width}×${height}` : ''}`),
    `in ${formatDuration(elapsedSec)}, ${formatSpeed(durationSec / elapsedSec)}`,
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}
