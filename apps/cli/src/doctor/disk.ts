import { dirname } from 'node:path';
import { measureDisk, type DiskUsage } from '@tapedeck/runtime';
import type { Finding } from './finding.ts';
import { systemCodeOf } from '../system-code.ts';

const WARN_USED = 0.8;
const FAIL_USED = 0.95;

/** How full the disks are, each by the variable whose directory lies on it. */
export function examineDisks(dirs: Readonly<Record<string, string>>): Promise<Finding[]> {
  return Promise.all(Object.entries(dirs).map(([variable, dir]) => examineDisk(variable, dir)));
}

async function examineDisk(variable: string, dir: string): Promise<Finding> {
  const usage = await measureDiskOf(dir);
  if (usage) return judgeDisk(`${variable} (${dir})`, usage);
  const advice = `Make the directory, or name another in ${variable}.`;
  return { verdict: 'fails', what: `${variable} (${dir}) cannot be looked at`, advice };
}

/** A directory that is made at the first start is on the disk of the one above it. */
async function measureDiskOf(dir: string): Promise<DiskUsage | undefined> {
  try {
    return await measureDisk(dir);
  } catch (error) {
    const isAbsent = systemCodeOf(error) === 'ENOENT';
    return isAbsent && dirname(dir) !== dir ? measureDiskOf(dirname(dir)) : undefined;
  }
}

export function judgeDisk(where: string, { freeBytes, totalBytes }: DiskUsage): Finding {
  const used = 1 - freeBytes / totalBytes;
  const what = `the disk of ${where} is ${Math.round(used * 100)} % full, ${toGib(freeBytes)} GiB are free`;
  if (used < WARN_USED) return { verdict: 'ok', what };
  const advice =
    'Conversions that find no room fail with WORKER_DISK_FULL. Make room, or give it a larger disk: an attempt needs ' +
    'its source, what is unpacked of it, and the result.';
  return { verdict: used < FAIL_USED ? 'warns' : 'fails', what, advice };
}

function toGib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
