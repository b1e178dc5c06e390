import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempDir {
  dir: string;
  remove(): Promise<void>;
}

export async function createTempDir(name: string): Promise<TempDir> {
  const dir = await mkdtemp(join(tmpdir(), `td-${name}-`));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
