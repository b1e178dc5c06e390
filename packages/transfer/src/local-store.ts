import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, type Stats } from 'node:fs';
import {
  access,
  constants,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { asJobError, JobError } from '@tapedeck/contracts';
import { assertNotPrivate, assertPrivate, encodeKey, isPlainKey, isPrivateKey } from './object-key.ts';
import type {
  ByteRange,
  ListedObject,
  ObjectStore,
  OpenObject,
  Publication,
  SavedObject,
  StoredObject,
} from './object-store.ts';
import { hashFile } from './hash-file.ts';
import { saveStream } from './save-stream.ts';

export interface LocalStoreOptions {
  dataDir: string;
  /** The API's address; it serves `storageDir` at `/storage`. */
  publicUrl: string;
}

const READ_BYTES = 1024 * 1024;

/** Objects are files at `{dataDir}/storage/{bucket}/{key}`. */
export function storageDir(dataDir: string): string {
  return resolve(dataDir, 'storage');
}

/**
 * The store for development and single machines. A file appears under its key by a rename on the same file system, so a
 * reader sees the old object or the new one, never a part; what is half-written lies in `incoming`, which is not served.
 */
export function createLocalStore({ dataDir, publicUrl }: LocalStoreOptions): ObjectStore {
  const root = storageDir(dataDir);
  const incoming = resolve(dataDir, 'incoming');
  /** Not served either. */
  const privateRoot = resolve(dataDir, 'private');
  const pathOf = (bucket: string, key: string): string =>
    resolveInside(isPrivateKey(key) ? privateRoot : root, bucket, key);
  /** Half-written files of a key lie in a directory with its name. */
  const incomingDirOf = (bucket: string, key: string): string => resolveInside(incoming, bucket, key);
  return {
    driver: 'local',
    async put(publication, signal) {
      const { bucket, key } = publication;
      const way = { target: pathOf(bucket, key), dir: incomingDirOf(bucket, key) };
      await putFile(publication, way, incoming, signal);
    },
    async putPrivate(bucket, key, content) {
      assertPrivate(key);
      await writePrivate(pathOf(bucket, key), content).catch((error: unknown) => {
        throw asJobError(error, 'STORAGE_UNAVAILABLE');
      });
    },
    async head(bucket, key): Promise<StoredObject | undefined> {
      const path = pathOf(bucket, key);
      const info = await statFile(path);
      return info && { sizeBytes: info.size, sha256Hex: await hashFile(path) };
    },
    async read(bucket, key, maxBytes) {
      const path = pathOf(bucket, key);
      const info = await statFile(path);
      if (!info) return undefined;
      if (info.size <= maxBytes) return readFile(path);
      throw new JobError('STORAGE_KEY_TAKEN', `expected at most ${maxBytes} bytes, got ${info.size}`);
    },
    open: (bucket, key, range, signal) => openFile(pathOf(bucket, key), range, signal),
    save: (bucket, key, path, signal) => saveFile(pathOf(bucket, key), path, signal),
    signedUrl: () => Promise.resolve(undefined),
    listBuckets: () => listNames([root, privateRoot]),
    async *list(bucket, prefix) {
      const dir = pathOf(bucket, prefix.replace(/\/$/, ''));
      yield* listFiles(dir, prefix);
    },
    async *listIncompleteUploads(bucket, prefix) {
      for await (const { key: name } of listFiles(join(incoming, bucket), '')) {
        const [, key, uploadId] = /^(.+)\/([^/]+)$/.exec(name) ?? [];
        if (key?.startsWith(prefix) && uploadId) yield { key, uploadId };
      }
    },
    async abortUpload(bucket, { key, uploadId }) {
      const dir = incomingDirOf(bucket, key);
      await rm(join(dir, uploadId), { force: true });
      await removeEmptyDirs(dir, incoming);
    },
    async remove(bucket, key) {
      const path = pathOf(bucket, key);
      await rm(path, { force: true });
      await removeEmptyDirs(dirname(path), join(root, bucket));
    },
    assertKey(bucket, key) {
      assertNotPrivate(key);
      pathOf(bucket, key);
    },
    publicUrl: (bucket, key, like) => `${publicUrl}/storage/${bucket}/${encodeKey(key, like)}`,
    async check() {
      await assertWritable(root, { recursive: true });
      await assertWritable(privateRoot, PRIVATE_DIR);
    },
  };
}

/** By one handle: what is put there meanwhile is another file. */
async function openFile(
  path: string,
  { firstByte, lastByte = Infinity }: ByteRange,
  signal: AbortSignal,
): Promise<OpenObject | 'outside' | undefined> {
  const file = await unlessAbsent(open(path, 'r'));
  if (!file) return undefined;
  const info = await file.stat().catch(async (error: unknown) => {
    await file.close();
    throw asJobError(error, 'STORAGE_UNAVAILABLE');
  });
  const sizeBytes = info.size;
  const range = { firstByte, lastByte: Math.min(lastByte, sizeBytes - 1) };
  const isThere = info.isFile();
  if (!isThere || range.firstByte > range.lastByte) {
    await file.close();
    return isThere ? 'outside' : undefined;
  }
  const body = file.createReadStream({
    start: range.firstByte,
    end: range.lastByte,
    highWaterMark: READ_BYTES,
    signal,
  });
  return { body, sizeBytes, range };
}

async function saveFile(source: string, path: string, signal: AbortSignal): Promise<SavedObject | undefined> {
  if (!(await statFile(source))) return undefined;
  return saveStream(createReadStream(source, { highWaterMark: READ_BYTES }), path, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw asJobError(error, 'STORAGE_UNAVAILABLE');
  });
}

/** By way of a file in `dir`, which is below `incoming`. */
async function putFile(
  { path, assertMayPublish }: Publication,
  { target, dir }: { target: string; dir: string },
  incoming: string,
  signal: AbortSignal,
): Promise<void> {
  const temporary = join(dir, randomUUID());
  try {
    await inDir(dir, () => pipeline(createReadStream(path), createWriteStream(temporary), { signal }));
    await syncFile(temporary);
    await assertMayPublish();
    await inDir(dirname(target), () => rename(temporary, target));
  } catch (error) {
    await rm(temporary, { force: true });
    signal.throwIfAborted();
    // Not the disk's: this attempt may not publish.
    if (error instanceof Error && !('syscall' in error)) throw error;
    if (isErrorOf(error, ['ENOTDIR', 'EEXIST', 'EISDIR'])) {
      throw new JobError('STORAGE_KEY_REFUSED', 'expected a key that is neither below nor above another object');
    }
    throw asJobError(error, 'STORAGE_UNAVAILABLE');
  } finally {
    await removeEmptyDirs(dir, incoming);
  }
}

const MAX_TRIES = 5;

const PRIVATE_DIR = { recursive: true, mode: 0o700 };

/** For what is small, must still be there when the machine comes back, and is for nobody else's eyes. */
async function writePrivate(path: string, content: Buffer): Promise<void> {
  const dir = dirname(path);
  const temporary = `${path}.${randomUUID()}.part`;
  await mkdir(dir, PRIVATE_DIR);
  try {
    await writeFile(temporary, content, { flush: true, mode: 0o600 });
    await rename(temporary, path);
    await syncFile(dir);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes the directory that `work` needs, again when a neighbour removes it meanwhile because it is empty. */
async function inDir(dir: string, work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    await mkdir(dir, { recursive: true });
    try {
      return await work();
    } catch (error) {
      if (tries >= MAX_TRIES || !isErrorOf(error, ['ENOENT'])) throw error;
    }
  }
}

async function statFile(path: string): Promise<Stats | undefined> {
  const info = await unlessAbsent(stat(path));
  return info?.isFile() ? info : undefined;
}

/** Only what is not there is absent. A disk that fails, or too many open files, must never look like that. */
async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isErrorOf(error, ['ENOENT', 'ENOTDIR'])) return undefined;
    throw asJobError(error, 'STORAGE_UNAVAILABLE');
  }
}

function isErrorOf(error: unknown, codes: readonly string[]): boolean {
  return codes.includes(String((error as { code?: unknown }).code));
}

async function* listFiles(dir: string, prefix: string): AsyncGenerator<ListedObject> {
  const entries = (await unlessAbsent(readdir(dir, { withFileTypes: true }))) ?? [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* listFiles(path, `${prefix}${entry.name}/`);
    const info = entry.isFile() ? await statFile(path) : undefined;
    if (info) yield { key: prefix + entry.name, sizeBytes: info.size, modifiedAtMs: info.mtimeMs };
  }
}

async function assertWritable(dir: string, options: typeof PRIVATE_DIR | { recursive: true }): Promise<void> {
  try {
    await mkdir(dir, options);
    await access(dir, constants.W_OK);
  } catch (cause) {
    throw new JobError('STORAGE_UNAVAILABLE', String((cause as { code?: unknown }).code), { cause });
  }
}

async function listNames(dirs: readonly string[]): Promise<string[]> {
  const names = await Promise.all(dirs.map(async (dir) => (await unlessAbsent(readdir(dir))) ?? []));
  return [...new Set(names.flat())];
}

/** A bucket has no directories; those of the disk go with their last file. */
async function removeEmptyDirs(from: string, stopAt: string): Promise<void> {
  for (let dir = from; dir.startsWith(stopAt + sep); dir = dirname(dir)) {
    const isEmpty = await rmdir(dir).then(
      () => true,
      () => false,
    );
    if (!isEmpty) return;
  }
}

const MAX_NAME_BYTES = 255;

/** @throws JobError STORAGE_KEY_REFUSED for a key that a file system cannot hold, or that leads out of the root. */
function resolveInside(root: string, bucket: string, key: string): string {
  const names = [bucket, ...key.split('/')];
  const fits = names.every((name) => Buffer.byteLength(name) <= MAX_NAME_BYTES);
  const path = resolve(root, ...names);
  if (!isPlainKey(names.join('/')) || !fits || !path.startsWith(root + sep)) {
    throw new JobError('STORAGE_KEY_REFUSED', `expected names of 1 to ${MAX_NAME_BYTES} bytes between slashes`);
  }
  return path;
}

/** A file before its rename, a directory after it: a crash must leave no name without bytes, and lose no name. */
async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
