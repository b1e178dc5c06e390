import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { describeProtections, findMediaTools, runFfmpeg, type MediaTools } from '@tapedeck/media';
import { poll } from '../support/poll.ts';
import { findProcessesIn } from '../support/stack.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

/** Somebody found the hole in a decoder: FFmpeg is a shell now, under the worker's own runner. What can it do? */
const MEMORY_BYTES = 64 * 1024 ** 2;
let temp: TempDir;
let workspace: string;
let guarded: MediaTools;
let unguarded: MediaTools;
let canary: Server;
let connections = 0;
beforeAll(async () => {
  temp = await createTempDir('taken-over');
  workspace = join(temp.dir, 'workspace');
  await mkdir(workspace);
  await writeFile(join(temp.dir, 'secret'), 'of somebody else');
  const found = await findMediaTools({
    ...{ ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe' },
    ...{ workDir: temp.dir, memoryBytes: MEMORY_BYTES },
  });
  guarded = { ...found, ffmpegPath: 'bash' };
  unguarded = { ...guarded, guards: [] };
  canary = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(canary, 'listening');
});
afterAll(async () => {
  canary.close();
  await temp.remove();
});

/** Whether the script came to its end. */
async function succeeds(tools: MediaTools, script: string): Promise<boolean> {
  const run = { args: ['-c', `set -e; ${script}`], cwd: workspace, signal: AbortSignal.timeout(30_000) };
  return runFfmpeg(tools, { ...run, timeoutMs: 20_000 }).then(
    () => true,
    () => false,
  );
}

const connect = () => `exec 3<>/dev/tcp/127.0.0.1/${(canary.address() as AddressInfo).port}`;

test('all that can be had here is had, and what root cannot have is not pretended', () => {
  const { missing } = describeProtections(guarded.guards);
  expect(missing).toEqual(process.getuid!() === 0 ? ['bounded number of processes'] : []);
});

test('it works in its own directory', async () => {
  expect(await succeeds(guarded, 'echo mine > result && cat result')).toBe(true);
  expect(await readFile(join(workspace, 'result'), 'utf8')).toBe('mine\n');
});

describe('it cannot', () => {
  const ATTEMPTS: Record<string, () => string> = {
    'reach the network': connect,
    'read what lies beside its directory': () => `cat ${temp.dir}/secret`,
    'read what the machine is': () => 'cat /etc/passwd',
    'write beside its directory': () => `echo x > ${temp.dir}/outside`,
    'write where programs lie': () => 'touch /usr/tapedeck-was-here && rm /usr/tapedeck-was-here',
    'keep any right that root has': () => '! setpriv --dump | grep "^Capability bounding set: \\[none\\]"',
    'begin anew in a namespace of its own': () => 'unshare --user true',
    'write into memory that nobody counts': () => 'touch /dev/shm/tapedeck-was-here && rm /dev/shm/tapedeck-was-here',
    'see the processes of others': () => `kill -0 ${process.pid}`,
    'read what others were started with': () => `cat /proc/${process.pid}/environ`,
    'make a file larger than any result': () => 'truncate -s 17G large && rm large',
    'leave a picture of its memory behind': () => '[[ $(ulimit -c) != 0 ]]',
    'gain rights by a program that has them': () => 'setpriv --dump | grep "no_new_privs: 0"',
  };

  test.each(Object.entries(ATTEMPTS))('%s', async (_what, attempt) => {
    const script = attempt();
    // Else the attempt proves nothing. Cores may be off on the machine as it is.
    if (!script.includes('ulimit -c')) expect(await succeeds(unguarded, script)).toBe(true);
    connections = 0;
    expect(await succeeds(guarded, script)).toBe(false);
    expect(connections).toBe(0);
  });

  test('take more memory than it was given', async () => {
    const double = 'awk \'BEGIN { s = "x"; for (i = 1; i <= 31; i++) { s = s s; print i > "doublings"; fflush() } }\'';
    expect(await succeeds(guarded, double)).toBe(false);
    const doublings = Number((await readFile(join(workspace, 'doublings'), 'utf8')).trim().split('\n').at(-1));
    expect(doublings).toBeGreaterThan(20);
    expect(2 ** doublings).toBeLessThan(MEMORY_BYTES + 2 * 1024 ** 3);
  });

  test('outlive its run, not even as a daemon', async () => {
    const run = { cwd: workspace, timeoutMs: 20_000 };
    const stop = new AbortController();
    const args = ['-c', 'setsid sleep 600 & touch started; wait'];
    const running = runFfmpeg(guarded, { ...run, args, signal: stop.signal });
    await poll('the daemon', () => stat(join(workspace, 'started')).catch(() => undefined));
    stop.abort();
    await expect(running).rejects.toThrow();
    await poll('the daemon to end', async () => ((await findProcessesIn(workspace)).length === 0 ? true : undefined));
  });
});

describe('what it leaves is refused unless it is a file:', () => {
  test.each([
    ['a pipe', 'mkfifo playlist.m3u8'],
    ['a link', 'ln -s /dev/zero playlist.m3u8'],
    ['a link in a folder', 'mkdir folder && ln -s ../../secret folder/segment.ts'],
    ['a socket', 'python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'s\')"'],
    ['folders without end', 'mkdir -p folder/a/b/c'],
  ])('%s', async (_what, script) => {
    const cwd = await mkdtemp(join(temp.dir, 'leaves-'));
    const run = { args: ['-c', script], cwd, signal: AbortSignal.timeout(30_000), timeoutMs: 20_000 };
    await expect(runFfmpeg(guarded, run)).rejects.toMatchObject({ code: 'ENCODE_OUTPUT_INVALID' });
  });
});

test('where no sandbox ends its daemons, they keep a run from nothing', async () => {
  const run = { args: ['-c', 'setsid sleep 12 & exit 0'], cwd: workspace, signal: AbortSignal.timeout(30_000) };
  const startedAt = performance.now();
  await runFfmpeg(unguarded, { ...run, timeoutMs: 20_000 });
  expect(performance.now() - startedAt).toBeLessThan(9_000);
});

test('a run that a signal ends is known as such, behind all guards', async () => {
  const run = { args: ['-c', 'kill -SEGV $$'], cwd: workspace, signal: AbortSignal.timeout(30_000), timeoutMs: 20_000 };
  await expect(runFfmpeg(guarded, run)).rejects.toMatchObject({
    code: 'ENCODE_KILLED',
    details: { signal: 'SIGSEGV' },
  });
});

test('a guard that cannot be had here is not pretended', async () => {
  const nothing = join(temp.dir, 'nothing');
  await mkdir(nothing);
  const { guards } = await findMediaTools({
    ...{ ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe', searchPath: nothing },
    ...{ workDir: temp.dir, memoryBytes: MEMORY_BYTES },
  });
  expect(describeProtections(guards)).toMatchObject({ held: [], missing: expect.arrayContaining(['no network']) });
});

test('as another user than root, it cannot start processes without end', async () => {
  const [repository, scratch] = [join(temp.dir, 'repository'), join(temp.dir, 'of-nobody')];
  await mkdir(repository);
  await mkdir(scratch);
  await chmod(scratch, 0o777);
  await chmod(temp.dir, 0o755);
  // Wherever the checkout lies, nobody else may be able to enter it; but a mount of it lies where we say.
  const script =
    'mount --bind "$0" "$1" && cd "$1" && exec setpriv --reuid=65534 --regid=65534 --clear-groups ' +
    '"$1/$2" --conditions=source --disable-warning=ExperimentalWarning test/support/fork-bomb.ts "$3"';
  const places = [process.cwd(), repository, relative(process.cwd(), process.execPath), scratch];
  const { stdout } = await promisify(execFile)('unshare', ['--mount', 'sh', '-c', script, ...places]);
  const { missing, started } = JSON.parse(stdout) as { missing: string[]; started: number };
  expect(missing).toEqual([]);
  expect(started).toBeGreaterThan(900);
  expect(started).toBeLessThan(1_100);
});
