import type { HlsRequest, TapeRequest } from '@tapedeck/client';
import { parseConvertRequest, PRIORITIES, type ConvertRequest, type JobKind } from '@tapedeck/contracts';
import { Command, Option } from 'commander';
import { addChoiceOptions, loadChoices, nameOption, type ChoiceOptions } from '../choices.ts';
import { UsageError } from '../exit-code.ts';

/** What of a request can be said on the command line. */
export interface RequestOptions extends ChoiceOptions {
  tape?: boolean;
  video?: boolean;
  bucket?: string;
  slug?: string;
  id?: string;
  mongoId?: string;
  callback?: string;
  priority?: string;
}

export function addRequestOptions(command: Command): Command {
  command
    .addOption(new Option('--tape', 'it is a ZIP of frames; default: by the extension .zip').conflicts('video'))
    .option('--video', 'it is a video or sound file; default: by any other extension')
    .option('--bucket <name>', 'the bucket that the result goes to')
    .option('--slug <slug>', 'what the result is called there; default: the name of the file without its extension')
    .addOption(new Option('--id <id>', 'your own name for the recording; default: the slug').conflicts('mongoId'))
    .option('--mongo-id <id>', 'the same, under the name of mongoId')
    .option('--callback <url>', 'where the end of the job is told')
    .addOption(new Option('--priority <priority>', 'which jobs go first').choices(PRIORITIES));
  return addChoiceOptions(command);
}

/** Those that were typed, by their names. */
export function listRequestOptions(options: RequestOptions): string[] {
  const typed = addRequestOptions(new Command()).options.filter((option) => {
    const value: unknown = options[option.attributeName() as keyof RequestOptions];
    return option.negate ? value === false : value !== undefined;
  });
  return typed.map(({ long, flags }) => long ?? flags);
}

/** The fields of a request, and what sets each of them here. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  zipUrl: 'URL',
  videoUrl: 'URL',
  callbackUrl: '--callback',
};

/** @throws UsageError naming every option that does not fit, what was expected and what came */
export async function loadRequest(url: string, options: RequestOptions): Promise<ConvertRequest> {
  const kind = chooseKind(url, options);
  const body = await loadBody(url, kind, options);
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

function chooseKind(url: string, { tape, video }: RequestOptions): JobKind {
  if (tape) return 'tape';
  return !video && /\.zip$/i.test(pathOf(url)) ? 'tape' : 'hls';
}

async function loadBody(url: string, kind: JobKind, options: RequestOptions): Promise<Record<string, unknown>> {
  const { bucket, slug = nameOf(url), id, mongoId, callback, priority } = options;
  return {
    ...(mongoId === undefined ? { id: id ?? slug } : { mongoId }),
    ...{ bucket, slug, callbackUrl: callback, priority },
    ...(kind === 'tape' ? { zipUrl: url } : { videoUrl: url }),
    ...(await loadChoices(kind, options)),
  };
}

function nameArgument(path: string): string {
  return ARGUMENTS[path] ?? nameOption(path);
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
