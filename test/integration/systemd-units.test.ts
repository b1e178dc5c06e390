import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const TIMEOUT_MS = 30_000;
const UNITS = ['tapedeck.target', 'tapedeck-api.service', 'tapedeck-worker@.service'];
/** What every service depends on. */
const STANDARD_UNITS = ['sysinit.target', 'basic.target', 'shutdown.target'];

let root: TempDir;
beforeAll(async () => {
  root = await createTempDir('systemd');
});
afterAll(() => root.remove());

/** What systemd says against the units on a system with nothing but them; undefined on a machine without systemd. */
async function listProblems(): Promise<string | undefined> {
  const units = UNITS.map((name) => name.replace('@.', '@1.'));
  const args = ['verify', '--man=no', `--root=${root.dir}`, ...units];
  const ended = promisify(execFile)('systemd-analyze', args, { timeout: TIMEOUT_MS });
  return ended.then(
    ({ stderr }) => stderr,
    (error: NodeJS.ErrnoException & { stderr?: string }) => (error.code === 'ENOENT' ? undefined : error.stderr),
  );
}

test('systemd, where there is one, takes the units and would complain of a wrong one', async () => {
  const dir = join(root.dir, 'etc/systemd/system');
  const node = join(root.dir, 'opt/tapedeck/node_modules/node/bin/node');
  await mkdir(dir, { recursive: true });
  await mkdir(join(node, '..'), { recursive: true });
  await writeFile(node, '#!/bin/sh\n', { mode: 0o755 });
  for (const name of STANDARD_UNITS) await writeFile(join(dir, name), '[Unit]\nDescription=Of systemd itself\n');
  const files = (await readdir('deploy/systemd')).filter((name) => /\.(service|target)$/.test(name));
  expect(files.toSorted()).toEqual(UNITS.toSorted());
  for (const name of files) await cp(join('deploy/systemd', name), join(dir, name));
  const problems = await listProblems();
  expect(problems ?? '').toBe('');
  const worker = join(dir, 'tapedeck-worker@.service');
  await writeFile(worker, (await readFile(worker, 'utf8')).replace('MemoryMax=2G', 'MemoryMax=much'));
  if (problems !== undefined) expect(await listProblems()).toContain('memory limit');
});
