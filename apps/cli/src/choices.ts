import { describeInput, LADDER_NAMES, X264_PRESETS, type JobKind } from '@tapedeck/contracts';
import { Option, type Command } from 'commander';
import { UsageError } from './exit-code.ts';
import { parsePlainJson } from './parse-plain-json.ts';
import { readInput } from './read-input.ts';

/** How a recording is to be converted, as it was typed; the names are those of `POST /convert`. */
export interface ChoiceOptions {
  timing?: string;
  crf?: string;
  preset?: string;
  scale?: string;
  maxBytes?: string;
  /** Commander sets it unless --no-poster is there. */
  poster?: boolean;
  ladder?: string;
  storyboard?: boolean;
  metadata?: string;
}

export function addChoiceOptions(command: Command): Command {
  return command
    .addOption(new Option('--timing <mode>', 'of a tape: 30 frames a second, or each at its own time').choices(TIMINGS))
    .option('--crf <number>', 'of a tape: 0 to 51; lower is better and larger')
    .addOption(new Option('--preset <name>', 'of a tape: of x264; slower is smaller').choices(X264_PRESETS))
    .option('--scale <factor>', 'of a tape: times the size of its frames')
    .option('--max-bytes <count>', 'of a tape: a larger MP4 is encoded again under a bitrate ceiling')
    .option('--no-poster', 'of a tape: no JPEG beside the MP4')
    .option('--ladder <ladder>', `of a video: ${LADDER_NAMES.join(', ')}, or a list of rungs as JSON, or @file`)
    .option('--storyboard', 'of a video: small pictures for the seek bar')
    .option('--metadata <json>', 'what is known of it, an object, or @file; a tape follows its scaledSize');
}

const TIMINGS = ['cfr30', 'exact'];

/** Fields of a request, for a schema to judge: numbers and JSON are read, nothing else is decided. */
export interface Choices {
  options: Record<string, unknown>;
  ladder?: unknown;
  metadata: unknown;
}

/** @throws UsageError naming the option, what was expected and what came */
export async function loadChoices(kind: JobKind, options: ChoiceOptions): Promise<Choices> {
  assertMeantFor(kind, options);
  const { timing, preset, poster, storyboard } = options;
  const metadata = await readJson('--metadata', 'a JSON object', options.metadata);
  if (kind === 'hls') return { options: { storyboard }, ladder: await readLadder(options.ladder), metadata };
  return {
    options: {
      ...{ timing, preset, poster },
      crf: parseNumber('--crf', options.crf),
      scale: parseNumber('--scale', options.scale),
      maxBytes: parseNumber('--max-bytes', options.maxBytes),
    },
    metadata,
  };
}

const KIND_NAMES: Record<JobKind, string> = { tape: 'tape', hls: 'video' };

function assertMeantFor(
  kind: JobKind,
  { timing, crf, preset, scale, maxBytes, poster, ladder, storyboard }: ChoiceOptions,
): void {
  const foreign =
    kind === 'tape'
      ? { ladder, storyboard }
      : { timing, crf, preset, scale, maxBytes, 'no-poster': poster === false ? true : undefined };
  const given = Object.entries(foreign).flatMap(([name, value]) => (value === undefined ? [] : [nameOption(name)]));
  const other = KIND_NAMES[kind === 'tape' ? 'hls' : 'tape'];
  if (given.length > 0) throw new UsageError(`${given.join(', ')}: expected only with a ${other}`);
}

/** `--max-bytes` for `options.maxBytes`, and `--ladder, 0.height` for what is within a list. */
export function nameOption(path: string): string {
  const [name = '', ...inside] = path.replace(/^options\./, '').split('.');
  const option = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return inside.length > 0 ? `${option}, ${inside.join('.')}` : option;
}

function readLadder(text: string | undefined): unknown {
  const isName = text === undefined || !/^\s*[@[]/.test(text);
  return isName ? text : readJson('--ladder', 'a name, or a JSON list of rungs', text);
}

/** As it was typed, or `@` and the file that it is in. */
async function readJson(option: string, expected: string, text: string | undefined): Promise<unknown> {
  if (text === undefined) return undefined;
  const json = text.startsWith('@') ? (await readInput(option, text.slice(1))).toString('utf8') : text;
  try {
    return parsePlainJson(json);
  } catch {
    throw new UsageError(`${option}: expected ${expected}, got ${describeInput(json)}`);
  }
}

function parseNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new UsageError(`${option}: expected a number, got ${describeInput(text)}`);
}
