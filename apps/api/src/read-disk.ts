import { measureDisk, type DiskUsage } from '@tapedeck/runtime';

/** null where it cannot be told. */
export async function readDisk(dir: string): Promise<DiskUsage | null> {
  return (await measureDisk(dir).catch(() => undefined)) ?? null;
}
