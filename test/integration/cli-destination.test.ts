import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chooseDestination } from '../../apps/cli/src/convert/destination.ts';
import { poll } from '../support/poll.ts';
import { createTempDir, type TempDir } from '../support/temp-dir.ts';

const exec = promisify(execFile);

let out: TempDir;
let made: TempDir;
beforeEach(async () => {
  [out, made] = await Promise.all([createTempDir('out'), createTempDir('made')]);
});
afterEach(() => Promise.all([out.remove(), made.remove()]));

test('a stream that cannot be put in its place leaves the one that was there', async () => {
  const dir = join(out.dir, 'clip');
  await mkdir(dir);
  await writeFile(join(dir, 'master.m3u8'), 'old');
  const destination = await chooseDestination({
    ...{ kind: 'hls', output: dir, name: undefined, sourcePath: undefined, poster: true, force: true },
    stdout: process.stdout,
  });
  // Whoever reads a FIFO waits for who writes it: time to put something in the way.
  const fifo = join(made.dir, 'master.m3u8');
  await exec('mkfifo', [fifo]);
  const taken = destination.take(made.dir, ['master.m3u8'], AbortSignal.timeout(20_000));
  const refused = expect(taken).rejects.toThrow('EBUSY');
  const part = await poll('the new one to be made', async () =>
    (await readdir(out.dir)).find((name) => name !== 'clip'),
  );
  // Only root may; what is mounted cannot be renamed.
  await exec('mount', ['-t', 'tmpfs', 'tapedeck-test', join(out.dir, part)]);
  try {
    await writeFile(fifo, 'new');
    await refused;
    expect(await readFile(join(dir, 'master.m3u8'), 'utf8')).toBe('old');
    expect((await readdir(out.dir)).toSorted()).toEqual([part, 'clip']);
  } finally {
    await exec('umount', [join(out.dir, part)]);
  }
});
