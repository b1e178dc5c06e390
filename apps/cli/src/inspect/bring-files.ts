import { copyFile, constants, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { JobError } from '@tapedeck/contracts';
import type { LoadedFile, LoadFile } from '@tapedeck/media';
import { createGuardedAgent, download, type UrlPolicy } from '@tapedeck/transfer';
import { FOREIGN_ORIGIN, type HttpAnswer } from './judge-answer.ts';

/** Brings files into one directory, under names of our own, and no more than its budget. */
export interface Bringer {
  load: LoadFile;
  close(): Promise<void>;
}

export interface BringerOptions {
  /** Where they go. */
  dir: string;
  /** What all of them together may have. */
  maxBytes: number;
  signal: AbortSignal;
}

const MAX_FILES = 50_000;

/** Counts files and bytes. @throws JobError SOURCE_TOO_LARGE */
function createBudget(maxBytes: number) {
  let files = 0;
  let leftBytes = maxBytes;
  return {
    /** @returns how many bytes the next file may have */
    begin(): number {
      files += 1;
      if (files > MAX_FILES) throw new JobError('SOURCE_TOO_LARGE', `expected at most ${MAX_FILES} files`);
      if (leftBytes <= 0) throw new JobError('SOURCE_TOO_LARGE', `expected at most ${maxBytes} bytes in all`);
      return leftBytes;
    },
    spend(bytes: number): void {
      leftBytes -= bytes;
    },
    /** FFmpeg reads some formats by the extension alone. */
    nameFor: (name: string): string => `file-${files}${/^\.[a-z0-9]{1,5}$/i.exec(extname(name))?.[0] ?? ''}`,
  };
}

/** Copies of local files, so that FFmpeg works in a directory of ours. Names of playlists stay below `root`. */
export function createFileBringer({ dir, maxBytes }: BringerOptions, root: string): Bringer {
  const budget = createBudget(maxBytes);
  return {
    async load(uri, from) {
      const address = resolveBelow(root, uri, from);
      const info = await stat(address).catch(() => undefined);
      if (!info?.isFile()) throw new JobError('SOURCE_NOT_FOUND', 'there is no such file');
      if (info.size === 0) throw new JobError('SOURCE_EMPTY');
      const leftBytes = budget.begin();
      if (info.size > leftBytes) throw new JobError('SOURCE_TOO_LARGE', `expected at most ${leftBytes} bytes`);
      const fileName = budget.nameFor(address);
      await copyFile(address, join(dir, fileName), constants.COPYFILE_FICLONE);
      budget.spend(info.size);
      return createLoaded(dir, { fileName, sizeBytes: info.size, address });
    },
    close: () => Promise.resolve(),
  };
}

/** @throws JobError SOURCE_URL_REFUSED for URLs, and for what lies elsewhere */
function resolveBelow(root: string, uri: string, from: string): string {
  if (from === '') return resolve(uri);
  const address = resolve(dirname(from), decodePath(uri));
  const isUrl = /^[a-z][a-z0-9+.-]+:/i.test(uri);
  if (!isUrl && address.startsWith(join(root, '/'))) return address;
  throw new JobError('SOURCE_URL_REFUSED', `expected a file below the playlist's directory`);
}

function decodePath(uri: string): string {
  try {
    return decodeURIComponent(uri.replace(/[?#].*$/s, ''));
  } catch {
    return uri;
  }
}

export interface UrlBringerOptions extends BringerOptions {
  /** What an operator typed. Whatever lies on its origin is as trustworthy as it. */
  url: URL;
  /** For what a playlist names elsewhere. */
  policy: UrlPolicy;
  /** @param name the URL's path */
  onAnswer(name: string, answer: HttpAnswer): void;
}

/** An operator waits for no second try. */
const LIMITS = { notYetMs: 0, maxFailures: 1, slowWindowMs: 20_000 };

/** Downloads. */
export function createUrlBringer({ dir, maxBytes, signal, url, policy, onAnswer }: UrlBringerOptions): Bringer {
  const budget = createBudget(maxBytes);
  const own = { ...policy, allowPrivateNetwork: true };
  const agents = { own: createGuardedAgent(own), foreign: createGuardedAgent(policy) };
  return {
    async load(uri, from) {
      if (!URL.canParse(uri, from || undefined)) throw new JobError('SOURCE_URL_REFUSED', 'expected a URL');
      const target = new URL(uri, from || undefined);
      const isOwn = target.origin === url.origin;
      const leftBytes = budget.begin();
      const fileName = budget.nameFor(target.pathname);
      const { sizeBytes } = await download(target.href, join(dir, fileName), {
        ...{ maxBytes: leftBytes, signal, limits: LIMITS, origin: FOREIGN_ORIGIN },
        ...(isOwn ? { agent: agents.own, policy: own } : { agent: agents.foreign, policy }),
        onAnswer: (answer) => onAnswer(target.pathname, answer),
      });
      budget.spend(sizeBytes);
      return createLoaded(dir, { fileName, sizeBytes, address: target.href });
    },
    close: async () => void (await Promise.all([agents.own.destroy(), agents.foreign.destroy()])),
  };
}

function createLoaded(dir: string, file: Pick<LoadedFile, 'fileName' | 'sizeBytes' | 'address'>): LoadedFile {
  return { ...file, release: () => rm(join(dir, file.fileName), { force: true }) };
}

/** What a finding calls a file that was asked for by its path or URL. */
export function nameOf(target: string): string {
  return basename(target.replace(/[?#].*$/s, '')) || target;
}
