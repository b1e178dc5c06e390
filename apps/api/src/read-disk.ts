import { statfs } from 'node:fs/promises';

/** How full the file system below a directory is; null where that cannot be told. */
export async function readDisk(dir: string): Promise<{ freeBytes: number; totalBytes: number } | null> {
  const stats = await statfs(dir).catch(() => undefined);
  return stats ? { freeBytes: stats.bavail * stats.bsize, totalBytes: stats.blocks * stats.bsize } : null;
}
