import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { JobKind } from '@tapedeck/contracts';
import { chooseDestination, type Destination } from '../../apps/cli/src/convert/destination.ts';
import { poll } from '../support/poll.ts';
import { runCli } from '../support/run-cli.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const exec = promisify(execFile);

/** Where results go, and where a conversion has made one: `master.m3u8`, which says "new". */
let out: TempDir;
let made: TempDir;
beforeEach(async () => {
  [out, made] = await Promise.all([createTempDir('out'), createTempDir('made')]);
  await writeFile(join(made.dir, 'master.m3u8'), 'new');
});
afterEach(() => Promise.all([out.remove(), made.remove()]));

interface Choice {
  kind?: JobKind;
  force?: boolean;
}
const choose = (output: string, { kind = 'hls', force = true }: Choice = {}): Promise<Destination> =>
  chooseDestination({
    ...{ kind, output, force, name: undefined, sourcePath: undefined, poster: true },
    stdout: process.stdout,
  });
const take = (destination: Destination) => destination.take(made.dir, ['master.m3u8'], AbortSignal.timeout(20_000));

/** A stream of before. */
async function makeOld(name: string): Promise<string> {
  const dir = join(out.dir, name);
  await mkdir(dir);
  await writeFile(join(dir, 'master.m3u8'), 'old');
  return dir;
}
const readMaster = (dir: string): Promise<string> => readFile(join(dir, 'master.m3u8'), 'utf8');

describe('a stream', () => {
  test('that cannot be put in its place leaves the one that was there', async () => {
    const dir = await makeOld('clip');
    // Whoever reads a FIFO waits for who writes it: time to put something in the way.
    const fifo = join(made.dir, 'master.m3u8');
    await rm(fifo);
    await exec('mkfifo', [fifo]);
    const refused = expect(take(await choose(dir))).rejects.toThrow('EBUSY');
    const part = await poll('the new one to be made', async () =>
      (await readdir(out.dir)).find((name) => name !== 'clip'),
    );
    // Only root may; what is mounted cannot be renamed.
    await exec('mount', ['-t', 'tmpfs', 'tapedeck-test', join(out.dir, part)]);
    try {
      await writeFile(fifo, 'new');
      await refused;
      expect(await readMaster(dir)).toBe('old');
      expect((await readdir(out.dir)).toSorted()).toEqual([part, 'clip']);
    } finally {
      await exec('umount', [join(out.dir, part)]);
    }
  });

  test('among which somebody has put something since the work began is not replaced', async () => {
    const dir = await makeOld('clip');
    const destination = await choose(dir);
    await writeFile(join(dir, 'letter.txt'), 'dear');
    await expect(take(destination)).rejects.toThrow('letter.txt');
    expect(await readMaster(dir)).toBe('old');
    expect(await readdir(out.dir)).toEqual(['clip']);
  });

  test('does not go to where it was empty when the work began', async () => {
    const dir = join(out.dir, 'clip');
    await mkdir(dir);
    const destination = await choose(dir, { force: false });
    await writeFile(join(dir, 'letter.txt'), 'dear');
    await expect(take(destination)).rejects.toThrow('expected a name that is free');
    expect(await readdir(dir)).toEqual(['letter.txt']);
  });

  test('goes to where a link leads, which stays one', async () => {
    const [dir, link] = [await makeOld('clip'), join(out.dir, 'latest')];
    await symlink('clip', link);
    await take(await choose(link));
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readMaster(dir)).toBe('new');
    expect((await readdir(out.dir)).toSorted()).toEqual(['clip', 'latest']);
  });
});

test('what is neither a file nor a link to one is not replaced, --force or not', async () => {
  const pipe = join(out.dir, 'pipe');
  await exec('mkfifo', [pipe]);
  for (const force of [false, true]) {
    await expect(choose(pipe, { kind: 'tape', force })).rejects.toThrow('expected a name that is free, or of a file');
  }
  expect((await lstat(pipe)).isFIFO()).toBe(true);
});

test.each<[kind: JobKind, where: string, output: string, message: string]>([
  ['tape', 'nowhere', '', '--output: expected where the result goes, got ""'],
  ['tape', 'a name whose poster’s is too long', `${'n'.repeat(250)}.mp4`, '--output: expected a shorter name'],
  ['hls', 'a name that is too long', 'n'.repeat(300), '--output: expected a shorter name'],
  ['hls', 'a file', 'file', '--output: expected a directory for a stream'],
])('a %s to %s is refused', async (kind, _where, output, message) => {
  await writeFile(join(out.dir, 'file'), '');
  await expect(choose(output && join(out.dir, output), { kind })).rejects.toThrow(message);
});

test.each<JobKind>(['tape', 'hls'])('directories that were made for a %s that did not come are gone', async (kind) => {
  const destination = await choose(join(out.dir, 'deep', 'er', 'it'), { kind });
  await expect(destination.take(made.dir, ['master.m3u8'], AbortSignal.abort(new Error('stop')))).rejects.toThrow();
  expect(await readdir(out.dir)).toEqual([]);
});

test.each(['it.zip', 'it.mov'])('where nothing can be written is known before %s is converted', async (name) => {
  const recording = join(made.dir, name);
  await writeFile(recording, 'broken');
  const disk = await mountSmallDisk(1024 * 1024);
  try {
    await exec('mount', ['-o', 'remount,ro', disk.dir]);
    const environment = { PATH: process.env.PATH!, WORK_DIR: made.dir };
    const { exitCode, stderr } = await runCli(['convert', recording, '-o', join(disk.dir, 'deep', 'it')], environment);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 4,
      stderr: `--output: nothing can be written to ${disk.dir} (EROFS)\n`,
    });
  } finally {
    await disk.remove();
  }
});
