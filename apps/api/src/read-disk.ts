import { statfs } from 'node:fs/promises';

/** How full the file system below a directory is; null where that cannot be told, or where it has no size. */
export async function readDisk(dir: string): Promise<{ freeBytes: number; totalBytes: number } | null> {
  const stats = await statfs(dir).catch(() => undefined);
  return stats && stats.blocks > 0
    ? { freeBytes: stats.bavail * stats.bsize, totalBytes: stats.blocks * stats.bsize }
    : null;
}
