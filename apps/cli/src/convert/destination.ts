import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, link, lstat, mkdir, readdir, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isHlsName, type JobKind } from '@tapedeck/contracts';
import { UnavailableError, UsageError } from '../exit-code.ts';
import { copyStream } from './copy-stream.ts';
import { ignoreAbsence, statOrNothing } from '../stat-or-nothing.ts';
import { isCode, systemCodeOf } from '../system-code.ts';

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
  sourcePath: string | undefined;
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
  if (output === '') throw new UsageError('--output: expected where the result goes, got ""');
  const typed = output ?? name;
  if (!typed) throw new UsageError('--output: expected where the result goes: what comes through a pipe has no name');
  try {
    return await (kind === 'tape' ? chooseFile(options, typed) : chooseDir(options, resolve(typed)));
  } catch (error) {
    if (!isCode(error, 'ENAMETOOLONG')) throw error;
    throw new UsageError(`--output: expected a shorter name, got ${JSON.stringify(typed)}`, { cause: error });
  }
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

async function chooseFile(options: DestinationOptions, typed: string): Promise<Destination> {
  const { output, name, poster, force, sourcePath } = options;
  const isDir = output?.endsWith('/') || (output !== undefined && (await statOrNothing(output))?.isDirectory());
  if (isDir && !name) throw new UsageError(`--output: expected a file, got ${JSON.stringify(output)}, a directory`);
  const path = isDir ? resolve(output!, `${name}.mp4`) : resolve(output ?? `${typed}.mp4`);
  const posterPath = `${path.replace(/(?<=.)\.[^./]*$/, '')}-poster.jpg`;
  for (const taken of poster ? [path, posterPath] : [path]) await assertFree(taken, force, sourcePath);
  await assertWritable(dirname(path));
  return {
    path,
    takesPoster: true,
    take: async (dir, files, signal) => {
      const made = await mkdir(dirname(path), { recursive: true });
      const paths = [path, posterPath].slice(0, files.length);
      const parts = paths.map(partOf);
      try {
        for (const [index, part] of parts.entries()) {
          await copyStream(createReadStream(join(dir, files[index]!)), part, { signal });
        }
        await putAllInPlace(parts, paths, force);
        return paths;
      } finally {
        for (const part of parts) await rm(part, { force: true });
        await removeEmpty(dirname(path), made);
      }
    },
  };
}

/** @throws UsageError */
async function assertFree(path: string, force: boolean, sourcePath: string | undefined): Promise<void> {
  const info = await lstat(path).catch(ignoreAbsence);
  if (!info) return;
  // A pipe or a device is none of those that a rename should put away: /dev/null is everybody's.
  if (!info.isFile() && !info.isSymbolicLink()) {
    throw new UsageError(`--output: expected a name that is free, or of a file, got ${JSON.stringify(path)}`);
  }
  if (!force) throw new UsageError(describeTaken(path));
  const isSource =
    sourcePath !== undefined && (await realpath(path).catch(ignoreAbsence)) === (await realpath(sourcePath));
  if (isSource) throw new UsageError('--output: expected another file than FILE');
}

/** All or, where one of the places is taken by now, none. @throws UsageError */
async function putAllInPlace(parts: readonly string[], paths: readonly string[], force: boolean): Promise<void> {
  const put: string[] = [];
  try {
    for (const [index, part] of parts.entries()) {
      await putInPlace(part, paths[index]!, force);
      put.push(paths[index]!);
    }
  } catch (error) {
    // With `force` what was there is gone, and the new one is better than nothing.
    if (!force) for (const path of put) await rm(path, { force: true });
    throw error;
  }
}

/** Without `force` what has come there since the beginning stays. @throws UsageError */
async function putInPlace(part: string, path: string, force: boolean): Promise<void> {
  if (force) return rename(part, path);
  try {
    await link(part, path);
  } catch {
    // It is taken; or this file system has no links, and there is a moment between the look and the rename.
    await assertFree(path, force, undefined);
    await rename(part, path);
  }
}

async function chooseDir({ force }: DestinationOptions, typed: string): Promise<Destination> {
  const info = await statOrNothing(typed);
  if (info && !info.isDirectory()) {
    throw new UsageError(`--output: expected a directory for a stream, got ${JSON.stringify(typed)}, which is none`);
  }
  // A link to a directory stays one.
  const path = info ? await realpath(typed) : typed;
  const isFilled = info !== undefined && (await readdir(path)).length > 0;
  if (isFilled) await assertStream(path, force);
  await assertWritable(info && !isFilled ? path : dirname(path));
  const takesPoster = true;
  if (info && !isFilled) return { path, takesPoster, take: (...files) => fillDir(path, files) };
  return { path, takesPoster, take: (...files) => replaceDir(path, files, force) };
}

/** Else a slip of the pen would remove somebody's directory. @throws UsageError */
async function assertStream(path: string, force: boolean): Promise<void> {
  if (!force) throw new UsageError(describeTaken(path));
  const foreign = (await listFiles(path)).find((name) => !isHlsName(name));
  if (foreign === undefined) return;
  throw new UsageError(`--output: expected a directory with a stream and nothing else, ${path} has ${foreign}`);
}

type Taken = Parameters<Destination['take']>;

/** The new directory is made beside the old one, which is put away when all of the new one is there. */
async function replaceDir(path: string, files: Taken, force: boolean): Promise<string[]> {
  const [part, old] = [partOf(path), partOf(path)];
  const made = await mkdir(dirname(path), { recursive: true });
  try {
    await copyFiles(files, part);
    if (!force) return await renameToFree(part, path, files);
    const isThere = (await statOrNothing(path)) !== undefined;
    if (isThere) {
      // Once more: it is a while since we looked.
      await assertStream(path, force);
      await rename(path, old);
    }
    await rename(part, path).catch(async (error: unknown) => {
      if (isThere) await rename(old, path);
      throw error;
    });
    await rm(old, { recursive: true, force: true });
    return listPaths(path, files);
  } finally {
    await rm(part, { recursive: true, force: true });
    await removeEmpty(dirname(path), made);
  }
}

/** rename(2) puts a directory in the place of nothing, or of an empty one. @throws UsageError */
async function renameToFree(part: string, path: string, files: Taken): Promise<string[]> {
  try {
    await rename(part, path);
    return listPaths(path, files);
  } catch (error) {
    const isTaken = isCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR');
    throw isTaken ? new UsageError(describeTaken(path), { cause: error }) : error;
  }
}

/** One that is there and empty stays: somebody may be in it, or have mounted it. The master, the last, comes last. */
async function fillDir(path: string, files: Taken): Promise<string[]> {
  const part = join(path, basename(partOf(path)));
  try {
    await copyFiles(files, part);
    if ((await readdir(path)).length > 1) throw new UsageError(describeTaken(path));
    const tops = new Set(files[1].map((name) => name.split('/')[0]!));
    for (const name of tops) await rename(join(part, name), join(path, name));
    return listPaths(path, files);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

async function copyFiles([dir, names, signal]: Taken, to: string): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(to, name)), { recursive: true });
    await copyStream(createReadStream(join(dir, name)), join(to, name), { signal });
  }
}

function listPaths(path: string, [, names]: Taken): string[] {
  return names.map((name) => join(path, name));
}

/** Before the work begins; where a directory is not there yet, the one that it will be made in. @throws UnavailableError */
async function assertWritable(dir: string): Promise<void> {
  const existing = await statOrNothing(dir);
  if (!existing && dirname(dir) !== dir) return assertWritable(dirname(dir));
  await access(dir, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw new UnavailableError(`--output: nothing can be written to ${dir} (${systemCodeOf(cause)})`, { cause });
  });
}

/** Hidden, and on the same file system: it becomes the real one by a rename. */
function partOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.part`);
}

function describeTaken(path: string): string {
  return `--output: expected a name that is free, got ${JSON.stringify(path)}; --force replaces it`;
}

/** What was made for a result that did not come. @param top the topmost that was; undefined where none had to be */
async function removeEmpty(dir: string, top: string | undefined): Promise<void> {
  if (top === undefined || dir.length < top.length) return;
  try {
    await rmdir(dir);
  } catch (error) {
    // Somebody else's by now, or gone.
    if (isCode(error, 'ENOTEMPTY', 'ENOENT')) return;
    throw error;
  }
  await removeEmpty(dirname(dir), top);
}

/** Names below the directory; of directories only what is in them. */
async function listFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
}
