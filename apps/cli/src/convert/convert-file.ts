import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HLS_NAMES, type JobKind } from '@tapedeck/contracts';
import {
  listNamed,
  listSegments,
  tapeToMp4,
  videoToHls,
  type ConversionContext,
  type HlsContext,
  type MadeHls,
  type TapeContext,
} from '@tapedeck/conversion';
import { createLogger } from '@tapedeck/runtime';
import { withScratch } from '@tapedeck/upkeep';
import type { ChoiceOptions } from '../choices.ts';
import type { CliConfig } from '../config.ts';
import { openTools } from '../open-tools.ts';
import type { BarProgress } from './bar-progress.ts';
import { parseHlsChoices, parseTapeChoices } from './parse-choices.ts';
import type { Destination } from './destination.ts';
import type { Recording } from './recording.ts';

/** What was made, as the service would tell it, with paths in the place of URLs. */
export interface Made {
  kind: JobKind;
  /** Of the MP4 or of the master playlist; `-` is stdout. */
  path: string;
  posterPath: string | undefined;
  durationSec: number;
  sizeBytes: number;
  /** null for sound alone. */
  resolution: readonly [width: number, height: number] | null;
  /** Of a stream: width × height by name; null for sound. */
  renditions: readonly { name: string; width: number | null; height: number | null }[];
}

export interface ConvertFileOptions {
  recording: Recording;
  destination: Destination;
  choices: ChoiceOptions;
  config: CliConfig;
  /** PATH. */
  searchPath: string | undefined;
  progress: BarProgress;
  signal: AbortSignal;
}

type LocalContext = Omit<ConversionContext, 'request'>;

const SOURCE_NAME = 'source.bin';

/**
 * The service's pipelines between other ends: a copy of a local file comes in, and what was verified is copied to where
 * somebody wants it. Nothing is left elsewhere, however it ends.
 * @throws UsageError before anything is done; JobError with the code that a job would have failed with
 */
export async function convertFile(options: ConvertFileOptions): Promise<Made> {
  const { recording, choices } = options;
  if (recording.kind === 'tape') {
    const request = await parseTapeChoices(choices);
    return inScratch(options, (context) => convertTape(options, { ...context, request }));
  }
  const request = await parseHlsChoices(choices);
  return inScratch(options, (context) => convertVideo(options, { ...context, request }));
}

async function inScratch(
  { config, searchPath, progress, signal }: ConvertFileOptions,
  convert: (context: LocalContext) => Promise<Made>,
): Promise<Made> {
  // What went wrong is thrown; the rest of a service's log is nothing to who waits for one file.
  const logger = createLogger({ name: 'tapedeck', level: 'silent' });
  return withScratch(config.workDir, async (dir) => {
    const tools = await openTools(config, searchPath, dir);
    const workspace = { dir, path: (fileName: string) => join(dir, fileName) };
    return convert({ config, tools, workspace, signal, logger, progress });
  });
}

function convertTape(options: ConvertFileOptions, context: TapeContext): Promise<Made> {
  const { destination } = options;
  const poster = context.request.options.poster && destination.takesPoster;
  const request = { ...context.request, options: { ...context.request.options, poster } };
  return tapeToMp4(
    { ...context, request },
    {
      bringSource: () => bringCopy(options, context),
      async handOver({ mp4Name, posterName, mp4 }) {
        await context.progress.enter('publish');
        const files = [mp4Name, ...(posterName ? [posterName] : [])];
        const [path = '', posterPath] = await destination.take(context.workspace.dir, files, context.signal);
        const { durationSec, sizeBytes, width, height } = mp4;
        return { kind: 'tape', path, posterPath, durationSec, sizeBytes, resolution: [width, height], renditions: [] };
      },
    },
  );
}

function convertVideo(options: ConvertFileOptions, context: HlsContext): Promise<Made> {
  return videoToHls(context, {
    bringSource: () => bringCopy(options, context),
    async handOver(made) {
      await context.progress.enter('publish');
      const files = [...listSegments(made), ...listNamed(made)];
      const paths = await options.destination.take(context.workspace.dir, files, context.signal);
      return describeStream(options.destination.path, made, await sumBytes(paths));
    },
  });
}

async function bringCopy({ recording }: ConvertFileOptions, context: LocalContext): Promise<string> {
  const { progress, workspace, config, signal } = context;
  await progress.enter('download');
  const onProgress = progress.advance;
  await recording.copyTo(workspace.path(SOURCE_NAME), { maxBytes: config.MAX_SOURCE_BYTES, signal, onProgress });
  return SOURCE_NAME;
}

function describeStream(dir: string, { renditions, poster, hls }: MadeHls, sizeBytes: number): Made {
  const largest = renditions[0]?.size;
  return {
    kind: 'hls',
    path: join(dir, HLS_NAMES.master),
    posterPath: poster && join(dir, poster.name),
    durationSec: hls.durationSec,
    sizeBytes,
    resolution: largest ? [largest.width, largest.height] : null,
    renditions: renditions.map(({ name, size }) => ({
      ...{ name, width: size?.width ?? null, height: size?.height ?? null },
    })),
  };
}

async function sumBytes(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
