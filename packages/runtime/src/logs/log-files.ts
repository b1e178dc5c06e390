import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { ConfigError } from '../environment.ts';
import { nameLogFile, type LogName } from './log-names.ts';

export interface LogFilesOptions {
  dir: string;
  /** Hears once of each log that cannot be written, and again when it could meanwhile. */
  onFailure: (error: Error) => void;
  nowMs?: () => number;
}

export interface LogFiles {
  /** Has written the line, ended by a line feed, when it returns. Never throws: a full disk stops nobody. */
  write(log: LogName, line: string): void;
}

interface OpenFile {
  fileName: string;
  /** Nobody has removed it lately; what is written to a removed one is nowhere. */
  isThere(): boolean;
  write(line: string): void;
  close(): void;
}

/** How often a file is looked at, whether it is still there. */
const LOOK_INTERVAL_MS = 5_000;
/** What waits in memory for a disk to have room again; more is lost. */
const MAX_WAITING_BYTES = 64 * 1024;

/**
 * Today's file of each log, in a directory that any number of processes of this machine share: each line is one write
 * behind the end of the file (O_APPEND), and nobody renames what others write. Who looks at the date before each line
 * needs to be told nothing when the day ends; see sweepLogDir for what becomes of the files then.
 *
 * @throws ConfigError naming LOG_DIR when `firstLogs` cannot be written there now
 */
export function createLogFiles(options: LogFilesOptions, firstLogs: readonly LogName[]): LogFiles {
  const { dir, onFailure, nowMs = Date.now } = options;
  const files = new Map<LogName, OpenFile>();
  const failing = new Set<LogName>();
  const fail = (log: LogName, error: Error): void => {
    if (failing.has(log)) return;
    failing.add(log);
    onFailure(error);
  };
  const openToday = (log: LogName): OpenFile => {
    const fileName = nameLogFile(log, nowMs());
    const file = files.get(log);
    if (file?.fileName === fileName && file.isThere()) return file;
    file?.close();
    files.delete(log);
    const opened = openFile(dir, fileName, {
      nowMs,
      onError: (error) => fail(log, error),
      onWritten: () => failing.delete(log),
    });
    files.set(log, opened);
    return opened;
  };
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    firstLogs.forEach(openToday);
  } catch (cause) {
    throw new ConfigError(`LOG_DIR: expected a directory that can be written, got ${JSON.stringify(dir)}`, { cause });
  }
  return {
    write(log, line) {
      try {
        openToday(log).write(line);
      } catch (error) {
        fail(log, error instanceof Error ? error : new Error(String(error)));
      }
    },
  };
}

interface OpenOptions {
  nowMs: () => number;
  onError: (error: Error) => void;
  onWritten: () => void;
}

/** Synchronous: whatever ends the process, what it has logged is in the file. */
function openFile(dir: string, fileName: string, { nowMs, onError, onWritten }: OpenOptions): OpenFile {
  const path = join(dir, fileName);
  const file = pino.destination({
    dest: path,
    ...{ append: true, mode: 0o600, sync: true, maxLength: MAX_WAITING_BYTES },
  });
  file.on('error', onError);
  file.on('write', onWritten);
  const inode = readInode(path);
  let lookedAtMs = nowMs();
  return {
    fileName,
    isThere() {
      if (nowMs() - lookedAtMs < LOOK_INTERVAL_MS) return true;
      const isThere = readInode(path) === inode;
      lookedAtMs = nowMs();
      return isThere;
    },
    write: (line) => void file.write(line),
    close: () => file.end(),
  };
}

function readInode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
