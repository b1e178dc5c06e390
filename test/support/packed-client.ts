import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTempDir } from './temp-dir.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 60_000;

export interface PackedClient {
  /** What `npm pack` makes. */
  tarballPath: string;
  /** A directory outside of the repository, in which it is installed and nothing else. */
  dir: string;
  remove(): Promise<void>;
}

/** The client as its users get it. */
export async function packClient(): Promise<PackedClient> {
  const { dir, remove } = await createTempDir('client');
  const env = { PATH: process.env['PATH'], HOME: dir, npm_config_cache: join(dir, '.npm') };
  const pack = ['pack', '--silent', '--workspace', '@tapedeck/client', '--pack-destination', dir];
  const { stdout } = await run('npm', pack, { env, timeout: TIMEOUT_MS });
  const tarballPath = join(dir, stdout.trim().split('\n').at(-1)!);
  await writeFile(join(dir, 'package.json'), '{ "private": true, "type": "module" }');
  const install = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarballPath];
  await run('npm', install, { cwd: dir, env, timeout: TIMEOUT_MS });
  return { tarballPath, dir, remove };
}
