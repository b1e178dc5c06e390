import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/**
 * Every file below a directory by its path there, as a hash of its bytes, without what the service keeps for itself.
 * Nothing where there is no such directory.
 */
export async function readFiles(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const all = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const paths = all.filter((path) => !path.includes('/.tapedeck/'));
  const read = async (path: string): Promise<[path: string, sha256Hex: string]> => {
    const hash = createHash('sha256').update(await readFile(path));
    return [relative(dir, path), hash.digest('hex')];
  };
  return Object.fromEntries(await Promise.all(paths.sort().map(read)));
}
