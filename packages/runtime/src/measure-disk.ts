import { statfs } from 'node:fs/promises';

export interface DiskUsage {
  freeBytes: number;
  /** What may be used of it. As `df` counts: what is kept for root is neither used nor free. */
  totalBytes: number;
}

/**
 * How full the file system is that a directory lies on.
 * @returns undefined where it has no size
 * @throws what the system says, ENOENT where there is no such directory
 */
export async function measureDisk(dir: string): Promise<DiskUsage | undefined> {
  const { blocks, bfree, bavail, bsize } = await statfs(dir);
  const totalBytes = (blocks - bfree + bavail) * bsize;
  return totalBytes > 0 ? { freeBytes: bavail * bsize, totalBytes } : undefined;
}
