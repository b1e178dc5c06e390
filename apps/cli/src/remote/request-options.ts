import type { HlsRequest, TapeRequest } from '@tapedeck/client';
import {
  describeInput,
  LADDER_NAMES,
  parseConvertRequest,
  PRIORITIES,
  X264_PRESETS,
  type ConvertRequest,
} from '@tapedeck/contracts';
import { Option, type Command } from 'commander';
import { UsageError } from '../exit-code.ts';
import { readInput } from '../read-input.ts';

/** What of a request can be said on the command line. */
export interface RequestOptions {
  tape?: boolean;
  video?: boolean;
  bucket?: string;
  slug?: string;
  id?: string;
  mongoId?: string;
  callback?: string;
  priority?: string;
  metadata?: string;
  timing?: string;
  crf?: string;
  preset?: string;
  scale?: string;
  maxBytes?: string;
  /** Commander sets it unless --no-poster is there. */
  poster?: boolean;
  ladder?: string;
  storyboard?: boolean;
}

export function addRequestOptions(command: Command): Command {
  return command
    .addOption(new Option('--tape', 'it is a ZIP of frames; default: by the extension .zip').conflicts('video'))
    .option('--video', 'it is a video or sound file; default: by any other extension')
    .option('--bucket <name>', 'the bucket that the result goes to')
    .option('--slug <slug>', 'what the result is called there; default: the name of the file without its extension')
    .addOption(new Option('--id <id>', 'your own name for the recording; default: the slug').conflicts('mongoId'))
    .option('--mongo-id <id>', 'the same, under the name of mongoId')
    .option('--callback <url>', 'where the end of the job is told')
    .addOption(new Option('--priority <priority>', 'which jobs go first').choices(PRIORITIES))
    .option('--metadata <json>', 'an object that comes back with the callback, or @file')
    .addOption(
      new Option('--timing <timing>', 'of a tape: 30 frames a second, or each at its own time').choices([
        'cfr30',
        'exact',
      ]),
    )
    .option('--crf <number>', 'of a tape: 0 to 51; lower is better and larger')
    .addOption(new Option('--preset <preset>', 'of a tape: of x264; slower is smaller').choices(X264_PRESETS))
    .option('--scale <factor>', 'of a tape: times the size of its frames')
    .option('--max-bytes <count>', 'of a tape: a larger result is encoded again under a ceiling')
    .option('--no-poster', 'of a tape: no JPEG beside the MP4')
    .option('--ladder <ladder>', `of a video: ${LADDER_NAMES.join(', ')}, or a list of rungs as JSON`)
    .option('--storyboard', 'of a video: pictures for the seek bar');
}

/** The fields of a request, and what sets each of them here. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  zipUrl: 'URL',
  videoUrl: 'URL',
  mongoId: '--mongo-id',
  callbackUrl: '--callback',
  'options.maxBytes': '--max-bytes',
};

/** @throws UsageError naming every option that does not fit, what was expected and what came */
export async function buildRequest(url: string, options: RequestOptions): Promise<ConvertRequest> {
  const kind = chooseKind(url, options);
  const foreign = listForeign(kind, options);
  if (foreign.length > 0) throw new UsageError(`${foreign.join(', ')}: expected only with a ${OTHER[kind]}`);
  const body = await buildBody(url, kind, options);
  const parsed = parseConvertRequest(body);
  if (parsed.ok) return parsed.request;
  const lines = parsed.issues.map(({ path, message }) => {
    const isMissing = !path.includes('.') && body[path] === undefined;
    return `${nameArgument(path)}: ${isMissing ? 'expected one, got nothing' : message}`;
  });
  throw new UsageError(lines.join('\n'));
}

/** As the client sends it: under the name that its caller has for it. */
export function toBody(request: ConvertRequest): TapeRequest | HlsRequest {
  if (request.kind === 'hls') return request;
  const { mongoId } = request;
  return mongoId === undefined ? { ...request, id: request.reference } : { ...request, mongoId };
}

type Kind = 'tape' | 'video';
const OTHER = { tape: 'video', video: 'tape' } as const;

function chooseKind(url: string, { tape, video }: RequestOptions): Kind {
  if (tape) return 'tape';
  return !video && /\.zip$/i.test(pathOf(url)) ? 'tape' : 'video';
}

/** Options that the other kind has. */
function listForeign(
  kind: Kind,
  { timing, crf, preset, scale, maxBytes, poster, ladder, storyboard }: RequestOptions,
): string[] {
  const given =
    kind === 'tape'
      ? { ladder, storyboard }
      : { timing, crf, preset, scale, 'max-bytes': maxBytes, 'no-poster': poster === false ? true : undefined };
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]));
}

async function buildBody(url: string, kind: Kind, options: RequestOptions): Promise<Record<string, unknown>> {
  const { bucket, slug = nameOf(url), id, mongoId, callback, priority, metadata } = options;
  const { timing, crf, preset, scale, maxBytes, poster, ladder, storyboard } = options;
  return {
    ...(mongoId === undefined ? { id: id ?? slug } : { mongoId }),
    ...{ bucket, slug, callbackUrl: callback, priority },
    metadata: metadata === undefined ? undefined : await parseMetadata(metadata),
    ...(kind === 'tape'
      ? {
          zipUrl: url,
          options: {
            ...{ timing, preset, poster },
            crf: parseNumber('--crf', crf),
            scale: parseNumber('--scale', scale),
            maxBytes: parseNumber('--max-bytes', maxBytes),
          },
        }
      : { videoUrl: url, ladder: parseLadder(ladder), options: { storyboard } }),
  };
}

async function parseMetadata(text: string): Promise<unknown> {
  const json = text.startsWith('@') ? (await readInput('--metadata', text.slice(1))).toString('utf8') : text;
  return parseJson('--metadata', 'a JSON object, or @ and a file with one', json);
}

function parseLadder(text: string | undefined): unknown {
  return text?.trimStart().startsWith('[') ? parseJson('--ladder', 'a name, or a JSON list of rungs', text) : text;
}

function parseJson(argument: string, expected: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${argument}: expected ${expected}, got ${describeInput(text)}`);
  }
}

function parseNumber(argument: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new UsageError(`${argument}: expected a number, got ${describeInput(text)}`);
}

function nameArgument(path: string): string {
  return ARGUMENTS[path] ?? `--${path.replace(/^options\./, '')}`;
}

/** `video` of `https://host/dir/video.mov?signature`; undefined where there is none. */
function nameOf(url: string): string | undefined {
  const name = pathOf(url)
    .split('/')
    .at(-1)!
    .replace(/\.[^.]*$/, '');
  return name === '' ? undefined : name;
}

function pathOf(url: string): string {
  const path = URL.parse(url)?.pathname ?? '';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
