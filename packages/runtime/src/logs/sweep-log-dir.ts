import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type { Logger } from './logger.ts';
import { parseLogFile } from './log-names.ts';

/** Who looked at the date before midnight has long written his line, even if the machine was stopped for a while. */
const COMPRESS_AFTER_MS = 3_600_000;
/** One that nobody has written to for so long belongs to a process that has died. */
const TEMP_STALE_MS = 600_000;

/**
 * Compresses the files of days that are over, and removes those that were kept long enough.
 *
 * Any number of processes may do it at once, and each may die in the middle: a file is compressed under a name that
 * nobody else has, the finished one takes its place in one step, and only then the plain one goes. Two that are at the
 * same file write the same bytes.
 */
export async function sweepLogDir(dir: string, nowMs: number, signal: AbortSignal): Promise<void> {
  const names = await readdir(dir);
  for (const name of names) {
    if (signal.aborted) return;
    if (isTemp(name)) await removeStale(join(dir, name));
    const file = parseLogFile(name);
    if (!file) continue;
    if (nowMs >= file.removeAtMs) await rm(join(dir, name), { force: true });
    // One that came back beside its compressed self (a clock was wrong) must not replace it.
    else if (nowMs >= file.endMs + COMPRESS_AFTER_MS && !file.isCompressed && !names.includes(`${name}.gz`)) {
      await compress(dir, name, signal);
    }
  }
}

const TEMP_PREFIX = '.compressing-';
const isTemp = (name: string): boolean => name.startsWith(TEMP_PREFIX);

async function compress(dir: string, name: string, signal: AbortSignal): Promise<void> {
  const [path, tempPath] = [join(dir, name), join(dir, `${TEMP_PREFIX}${name}-${randomUUID()}`)];
  try {
    // On the disk before its original goes: a machine may lose its power in between.
    const output = createWriteStream(tempPath, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(createReadStream(path), createGzip(), output, { signal });
    await rename(tempPath, `${path}.gz`);
    await rm(path, { force: true });
  } catch (error) {
    await rm(tempPath, { force: true });
    // Another process was quicker.
    if (!isAbsent(error)) throw error;
  }
}

async function removeStale(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info && Date.now() - info.mtimeMs > TEMP_STALE_MS) await rm(path, { force: true });
}

function isAbsent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}

const SWEEP_INTERVAL_MS = 600_000;

/** Sweeps now and every ten minutes until the signal; what cannot be swept now is tried again. */
export async function keepLogDir(dir: string, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sweepLogDir(dir, Date.now(), signal).catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ err: error }, 'LOG_DIR cannot be swept');
    });
    await sleep(SWEEP_INTERVAL_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
