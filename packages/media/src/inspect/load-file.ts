import { stat } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path/posix';
import { JobError } from '@tapedeck/contracts';
import type { Findings } from './finding.ts';

/** A file that a playlist names, within the reach of FFmpeg. */
export interface LoadedFile {
  /** Relative to the directory of the inspection. */
  fileName: string;
  sizeBytes: number;
  /** What names in it are relative to, for the next `load`. */
  address: string;
  /** Called when it is needed no more. */
  release?(): Promise<void>;
}

/**
 * Brings the file that a playlist names.
 * @param from the address of that playlist
 * @throws JobError saying why it cannot be had
 */
export type LoadFile = (uri: string, from: string) => Promise<LoadedFile>;

/** Of files that are there already, below `cwd`, as their playlists name them. */
export function loadFromDir(cwd: string): LoadFile {
  return async (uri, from) => {
    const address = resolveInside(uri, from);
    const info = await stat(join(cwd, address)).catch(() => undefined);
    if (!info?.isFile()) throw new JobError('SOURCE_NOT_FOUND', 'there is no such file');
    if (info.size === 0) throw new JobError('SOURCE_EMPTY');
    return { fileName: address, sizeBytes: info.size, address };
  };
}

/** @throws JobError SOURCE_URL_REFUSED for what lies elsewhere */
export function resolveInside(uri: string, from: string): string {
  const path = decodePath(uri);
  const address = normalize(join(dirname(from), path));
  const isInside = !path.startsWith('/') && !address.startsWith('..') && !/^[a-z][a-z0-9+.-]*:/i.test(uri);
  if (isInside) return address;
  throw new JobError('SOURCE_URL_REFUSED', 'it leads out of the directory of the playlist');
}

function decodePath(uri: string): string {
  try {
    return decodeURIComponent(uri.replace(/[?#].*$/s, ''));
  } catch {
    return uri;
  }
}

/** The file, or a finding that says why there is none. */
export async function loadOrFind(
  loading: Promise<LoadedFile>,
  where: string,
  findings: Findings,
  signal: AbortSignal,
): Promise<LoadedFile | undefined> {
  try {
    return await loading;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof JobError)) throw error;
    const isEmpty = error.code === 'SOURCE_EMPTY';
    const what = isEmpty ? 'it is empty' : `it cannot be had: ${reasonOf(error)}`;
    findings.add({ verdict: 'wrong', code: isEmpty ? 'empty' : 'missing', where, what });
    return undefined;
  }
}

/** Without the summary of its code, which speaks of jobs. */
function reasonOf({ message }: JobError): string {
  return message.replace(/^[^:]*: /, '');
}
