import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isHlsName, type JobKind } from '@tapedeck/contracts';
import { UsageError } from '../exit-code.ts';
import { copyStream } from './copy-stream.ts';

/** Where a result goes. What is there before stays whole until all of the new is there. */
export interface Destination {
  /** Of the MP4, or of the directory with the stream; `-` is stdout. */
  path: string;
  /** Whether there is room for more than one file. */
  takesPoster: boolean;
  /** @param files below `dir`; the first is the result itself. @returns their new paths */
  take(dir: string, files: readonly string[], signal: AbortSignal): Promise<string[]>;
}

export interface DestinationOptions {
  kind: JobKind;
  /** As it was typed. */
  output: string | undefined;
  /** Of the recording, where it has one. */
  name: string | undefined;
  /** Whether there is to be one beside an MP4. */
  poster: boolean;
  /** Whether what is there may be replaced. */
  force: boolean;
  stdout: NodeJS.WriteStream;
}

/** Decided before the work begins. @throws UsageError naming what is there */
export async function chooseDestination(options: DestinationOptions): Promise<Destination> {
  const { kind, output, name, stdout } = options;
  if (output === '-') {
    if (kind === 'hls') throw new UsageError('--output: expected a directory, got -: a stream is many files');
    if (stdout.isTTY) throw new UsageError('--output: expected a file or a pipe, got a terminal');
    return createPipe(stdout);
  }
  const typed = output ?? name;
  if (!typed) throw new UsageError('--output: expected where the result goes: what comes through a pipe has no name');
  return kind === 'tape' ? chooseFile(options, typed) : chooseDir(options, resolve(typed));
}

function createPipe(stdout: Writable): Destination {
  return {
    path: '-',
    takesPoster: false,
    async take(dir, [mp4Name], signal) {
      await pipeline(createReadStream(join(dir, mp4Name!)), stdout, { signal, end: false });
      return ['-'];
    },
  };
}

async function chooseFile({ output, name, poster, force }: DestinationOptions, typed: string): Promise<Destination> {
  const isDir = output !== undefined && (await statOrNothing(output))?.isDirectory() === true;
  if (isDir && !name) throw new UsageError(`--output: expected a file, got ${JSON.stringify(output)}, a directory`);
  const path = isDir ? join(output, `${name}.mp4`) : resolve(output ?? `${typed}.mp4`);
  const posterPath = `${path.replace(/(?<=.)\.[^./]*$/, '')}-poster.jpg`;
  for (const taken of poster ? [path, posterPath] : [path]) {
    const info = await statOrNothing(taken);
    if (info && !(force && info.isFile())) throw new UsageError(describeTaken(taken, info.isFile()));
  }
  return {
    path,
    takesPoster: true,
    take: async (dir, files, signal) => {
      await mkdir(dirname(path), { recursive: true });
      const paths = [path, posterPath].slice(0, files.length);
      const parts = paths.map(partOf);
      try {
        for (const [index, part] of parts.entries()) {
          await copyStream(createReadStream(join(dir, files[index]!)), part, { signal });
        }
        for (const [index, part] of [...parts.entries()].reverse()) await rename(part, paths[index]!);
        return paths;
      } finally {
        for (const part of parts) await rm(part, { force: true });
      }
    },
  };
}

async function chooseDir({ force }: DestinationOptions, path: string): Promise<Destination> {
  const info = await statOrNothing(path);
  if (info && !info.isDirectory()) throw new UsageError(describeTaken(path, false));
  const before = info ? await listFiles(path) : [];
  if (before.length > 0) {
    if (!force) throw new UsageError(describeTaken(path, true));
    const foreign = before.find((name) => !isHlsName(name));
    // Else a slip of the pen would remove somebody's directory.
    if (foreign)
      throw new UsageError(`--output: expected a directory with a stream and nothing else, ${path} has ${foreign}`);
  }
  return { path, takesPoster: true, take: (dir, files, signal) => replaceDir(path, { dir, files, signal }) };
}

/** The new directory is made beside the old one, which is put away when all of the new one is there. */
async function replaceDir(
  path: string,
  { dir, files, signal }: { dir: string; files: readonly string[]; signal: AbortSignal },
): Promise<string[]> {
  const [part, old] = [partOf(path), partOf(path)];
  try {
    for (const name of files) {
      await mkdir(dirname(join(part, name)), { recursive: true });
      await copyStream(createReadStream(join(dir, name)), join(part, name), { signal });
    }
    await rename(path, old).catch(ignoreAbsence);
    await rename(part, path).catch(async (error: unknown) => {
      await rename(old, path).catch(ignoreAbsence);
      throw error;
    });
    await rm(old, { recursive: true, force: true });
    return files.map((name) => join(path, name));
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

/** Hidden, and on the same file system: it becomes the real one by a rename. */
function partOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.part`);
}

function describeTaken(path: string, isReplaceable: boolean): string {
  const advice = isReplaceable ? '; --force replaces it' : '';
  return `--output: expected a name that is free, got ${JSON.stringify(path)}${advice}`;
}

function statOrNothing(path: string) {
  return stat(path).catch(ignoreAbsence);
}

function ignoreAbsence(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}

/** Names below the directory; of directories only what is in them. */
async function listFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
}
