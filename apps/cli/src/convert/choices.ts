import { readFile } from 'node:fs/promises';
import {
  hlsOptionsSchema,
  LADDER_NAMES,
  ladderSchema,
  parseInput,
  tapeOptionsSchema,
  X264_PRESETS,
  type JobKind,
  type RequestIssue,
} from '@tapedeck/contracts';
import type { HlsChoices, TapeChoices } from '@tapedeck/conversion';
import { Option, type Command } from 'commander';
import { UsageError } from '../exit-code.ts';

/** What a shell hands over, as it was typed. */
export interface ChoiceOptions {
  timing?: string;
  crf?: string;
  preset?: string;
  scale?: string;
  maxBytes?: string;
  /** commander's way of `--no-poster`. */
  poster?: boolean;
  metadata?: string;
  ladder?: string;
  storyboard?: boolean;
}

/** Of which kind of recording each may be said. */
const KIND_OF: Record<keyof ChoiceOptions, JobKind> = {
  ...{ timing: 'tape', crf: 'tape', preset: 'tape', scale: 'tape', maxBytes: 'tape', poster: 'tape', metadata: 'tape' },
  ...{ ladder: 'hls', storyboard: 'hls' },
};
const KIND_NAMES: Record<JobKind, string> = { tape: 'tapes', hls: 'videos' };

/** Adds the options that say how a recording is converted: those of `POST /convert`, by their names there. */
export function addChoiceOptions(command: Command): Command {
  return command
    .addOption(new Option('--timing <mode>', 'of a tape: 30 frames a second, or each at its own time').choices(TIMINGS))
    .option('--crf <number>', 'of a tape: 0 to 51, lower is better and larger')
    .addOption(new Option('--preset <name>', 'of a tape: slower is smaller').choices([...X264_PRESETS]))
    .option('--scale <factor>', 'of a tape: output size = frame size × factor')
    .option('--max-bytes <bytes>', 'of a tape: a larger MP4 is encoded again under a bitrate ceiling')
    .option('--no-poster', 'of a tape: no JPEG beside the MP4')
    .option('--metadata <JSON or @file>', 'of a tape: what a caller of the service says of it; scaledSize is followed')
    .option('--ladder <name or JSON or @file>', `of a video: ${LADDER_NAMES.join(', ')}, or a list of renditions`)
    .option('--storyboard', 'of a video: small pictures for the seek bar');
}

const TIMINGS: string[] = tapeOptionsSchema.unwrap().shape.timing.unwrap().options;

/** @throws UsageError naming the option, what was expected and what came */
export async function parseTapeChoices(options: ChoiceOptions): Promise<TapeChoices> {
  assertMeantFor('tape', options);
  const { timing, preset, poster } = options;
  const typed = { timing, preset, poster, ...parseNumbers(options, ['crf', 'scale', 'maxBytes']) };
  return { options: orThrow(parseInput(tapeOptionsSchema, typed)), metadata: await parseMetadata(options.metadata) };
}

/** @throws UsageError naming the option, what was expected and what came */
export async function parseHlsChoices(options: ChoiceOptions): Promise<HlsChoices> {
  assertMeantFor('hls', options);
  const { storyboard, ladder } = options;
  const choices = { options: orThrow(parseInput(hlsOptionsSchema, { storyboard })) };
  if (ladder === undefined) return choices;
  const isText = /^[@[]/.test(ladder);
  const typed = isText ? await readJson('ladder', ladder) : ladder;
  return { ...choices, ladder: orThrow(parseInput(ladderSchema, typed), 'ladder') };
}

function assertMeantFor(kind: JobKind, options: ChoiceOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const isSaid = value !== undefined && !(name === 'poster' && value === true);
    const meant = isSaid && name in KIND_OF ? KIND_OF[name as keyof ChoiceOptions] : kind;
    if (meant !== kind) throw new UsageError(`${flagOf(name)}: expected none for ${KIND_NAMES[kind]}`);
  }
}

function parseNumbers(options: ChoiceOptions, names: readonly ('crf' | 'scale' | 'maxBytes')[]) {
  const given = names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]] as const]));
  return Object.fromEntries(given.map(([name, text]) => [name, parseNumber(name, text)]));
}

function parseNumber(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new UsageError(`${flagOf(name)}: expected a number, got ${JSON.stringify(text)}`);
}

async function parseMetadata(text: string | undefined): Promise<TapeChoices['metadata']> {
  if (text === undefined) return undefined;
  const value = await readJson('metadata', text);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject) return value as Record<string, unknown>;
  throw new UsageError('--metadata: expected a JSON object');
}

/** JSON as it was typed, or `@` and the file that it is in. */
async function readJson(name: string, text: string): Promise<unknown> {
  const content = text.startsWith('@') ? await readNamed(name, text.slice(1)) : text;
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new UsageError(`--${name}: expected JSON${text.startsWith('@') ? ` in ${text.slice(1)}` : ''}`, { cause });
  }
}

async function readNamed(name: string, path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`--${name}: expected a file that can be read, got ${path}`, { cause });
  });
}

function orThrow<T>(parsed: ReturnType<typeof parseInput<T>>, prefix?: string): T {
  if (parsed.ok) return parsed.value;
  throw new UsageError(parsed.issues.map((issue) => describe(issue, prefix)).join('\n'));
}

function describe({ path, message }: RequestIssue, prefix?: string): string {
  const inside = path === '(body)' ? [] : [path];
  const [name, ...rest] = prefix === undefined ? [path] : [prefix, ...inside];
  return `${[flagOf(name), ...rest].join(', ')}: ${message}`;
}

/** `maxBytes` is typed as `--max-bytes`, and `poster` as `--no-poster`. */
function flagOf(name: string): string {
  return name === 'poster' ? '--no-poster' : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
