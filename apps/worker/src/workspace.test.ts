import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkspaces } from './workspace.ts';

let workDir: string;
let namespace: string;
beforeEach(async () => {
  workDir = await mkdtemp(join(tmpdir(), 'td-workspaces-'));
  namespace = await readlink('/proc/self/ns/pid');
});
afterEach(() => rm(workDir, { recursive: true }));

/** A process that has ended, as the kernel gives its number to nobody else so soon. */
const deadPid = (): number => Number(execFileSync('sh', ['-c', 'echo $$']).toString());

function startTicksOf(pid: number): string {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) ? readFileSync(path, 'utf8').split(') ')[1]!.split(' ')[19]! : '1';
}

async function leave(
  host: string,
  pid: number,
  signs?: { namespace: string; ageMs: number; startTicks?: string },
): Promise<string> {
  const name = `tapedeck-${host}-${pid}-abcdef`;
  await mkdir(join(workDir, name));
  const at = new Date(Date.now() - (signs?.ageMs ?? 120_000));
  if (signs) {
    await writeFile(join(workDir, name, 'alive'), `${signs.namespace} ${signs.startTicks ?? startTicksOf(pid)} worker`);
    await utimes(join(workDir, name, 'alive'), at, at);
  }
  await utimes(join(workDir, name), at, at);
  return name;
}

describe('when a worker starts', () => {
  test('what a dead worker of this host has left goes, what a living one uses stays', async () => {
    await leave(hostname(), deadPid(), { namespace, ageMs: 0 });
    const living = await leave(hostname(), process.ppid, { namespace, ageMs: 3_600_000 });
    const elsewhere = await leave('another-host', deadPid(), { namespace, ageMs: 3_000_000 });
    const workspaces = await createWorkspaces(workDir);
    expect(await readdir(workDir)).toEqual(expect.arrayContaining([living, elsewhere]));
    expect(await readdir(workDir)).toHaveLength(3);
    await workspaces.remove();
  });

  test('what a dead worker has left goes, though its number is that of another process by now', async () => {
    await leave(hostname(), process.ppid, { namespace, ageMs: 0, startTicks: '1' });
    const workspaces = await createWorkspaces(workDir);
    await workspaces.remove();
    expect(await readdir(workDir)).toEqual([]);
  });

  test('what a worker of another host has left goes after an hour without a sign of life', async () => {
    await leave('another-host', process.ppid, { namespace, ageMs: 3_700_000 });
    const workspaces = await createWorkspaces(workDir);
    await workspaces.remove();
    expect(await readdir(workDir)).toEqual([]);
  });

  test('what another made a moment ago stays, though it has given no sign yet', async () => {
    const name = `tapedeck-${hostname()}-${deadPid()}-abcdef`;
    await mkdir(join(workDir, name));
    const workspaces = await createWorkspaces(workDir);
    await workspaces.remove();
    expect(await readdir(workDir)).toEqual([name]);
  });

  test('what is deeper than a path may be long goes, too', async () => {
    const left = await leave(hostname(), deadPid(), { namespace, ageMs: 120_000 });
    const dig = 'name=$(printf "%0200d" 0); for depth in $(seq 30); do mkdir "$name" && cd -P "$name"; done';
    execFileSync('sh', ['-c', dig], { cwd: join(workDir, left) });
    const workspaces = await createWorkspaces(workDir);
    await workspaces.remove();
    expect(await readdir(workDir)).toEqual([]);
  });

  test('a neighbour whose process ids mean nothing here is known by its signs of life', async () => {
    const neighbour = await leave(hostname(), deadPid(), { namespace: 'pid:[1]', ageMs: 10_000 });
    await leave(hostname(), process.ppid, { namespace: 'pid:[1]', ageMs: 120_000 });
    await leave(hostname(), deadPid());
    const workspaces = await createWorkspaces(workDir);
    await workspaces.remove();
    expect(await readdir(workDir)).toEqual([neighbour]);
  });
});

test('while it runs, what attempts could not remove goes, and what they use stays', async () => {
  const workspaces = await createWorkspaces(workDir);
  const [root] = await readdir(workDir);
  const used = await workspaces.create('job', 1);
  await mkdir(join(workDir, root!, 'job-0-left'));
  await workspaces.removeOrphans();
  expect(await readdir(join(workDir, root!))).toEqual(['alive', used.dir.split('/').at(-1)]);
  await used.remove();
  await workspaces.remove();
  expect(await readdir(workDir)).toEqual([]);
});
