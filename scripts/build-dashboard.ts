import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const DIR = 'apps/dashboard';
const STAMP = join(DIR, 'dist/.sources');
export const VITE = 'node_modules/vite/bin/vite.js';

/** Builds the operators' page, unless what is built is of these sources. @throws Error when it cannot be built */
export async function buildDashboard(signal?: AbortSignal): Promise<void> {
  const sources = await hashSources();
  if (existsSync(STAMP) && (await readFile(STAMP, 'utf8')) === sources) return;
  const args = [VITE, 'build', DIR, '--logLevel', 'warn'];
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 2, 2], ...(signal && { signal }) });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`vite build ended with ${code}`))));
  });
  await writeFile(STAMP, sources);
}

async function hashSources(): Promise<string> {
  const hash = createHash('sha256').update(await readFile('package-lock.json'));
  const entries = await readdir(DIR, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !/\/(dist|node_modules)\//.test(path));
  for (const path of paths.toSorted()) hash.update(`${path}\n`).update(await readFile(path));
  return hash.digest('hex');
}

if (import.meta.main) await buildDashboard();
