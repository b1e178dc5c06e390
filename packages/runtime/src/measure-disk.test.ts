import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { measureDisk } from './measure-disk.ts';

test('a disk is as large and as full as df says: what is kept for root is neither used nor free', async () => {
  const [, figures] = execFileSync('df', ['-B1', '--output=used,avail', '/tmp'], { encoding: 'utf8' }).split('\n');
  const [usedBytes, freeBytes] = figures!.trim().split(/\s+/).map(Number) as [number, number];
  const disk = (await measureDisk('/tmp'))!;
  expect(disk.totalBytes / (usedBytes + freeBytes)).toBeCloseTo(1, 4);
  expect(disk.freeBytes / freeBytes).toBeCloseTo(1, 2);
});

test('of what is not there the system says so', async () => {
  await expect(measureDisk('/no/such/dir')).rejects.toThrow('ENOENT');
});
