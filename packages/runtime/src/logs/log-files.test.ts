import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogFiles, type LogFiles } from './log-files.ts';
import { nameLogFile, parseLogFile } from './log-names.ts';

const BEFORE_MIDNIGHT = Date.parse('2026-11-22T23:59:59.999Z');
let dir: string;
let nowMs: number;
let failures: Error[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'td-logs-'));
  nowMs = BEFORE_MIDNIGHT;
  failures = [];
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function openFiles(logDir = dir): LogFiles {
  const onFailure = (error: Error): void => void failures.push(error);
  return createLogFiles({ dir: logDir, onFailure, nowMs: () => nowMs }, ['worker', 'error']);
}

const read = (name: string): Promise<string> => readFile(join(dir, name), 'utf8');

test('a line is in the file of its day when it was written, whoever else writes there', async () => {
  const [one, other] = [openFiles(), openFiles()];
  one.write('worker', 'a\n');
  other.write('worker', 'b\n');
  expect(await read('worker.2026-11-22.log')).toBe('a\nb\n');
  nowMs += 1;
  one.write('worker', 'c\n');
  expect(await read('worker.2026-11-23.log')).toBe('c\n');
  expect(await read('worker.2026-11-22.log')).toBe('a\nb\n');
  expect(failures).toEqual([]);
});

test('nobody else can read the files, nor see that they are there', async () => {
  const nested = join(dir, 'logs');
  openFiles(nested).write('audit', 'x\n');
  expect((await stat(nested)).mode & 0o777).toBe(0o700);
  const names = await readdir(nested);
  expect(names).toHaveLength(3);
  for (const name of names) expect((await stat(join(nested, name))).mode & 0o777).toBe(0o600);
});

test('the audit log has a file for each week, from Monday to Sunday', () => {
  const week = (date: string) => nameLogFile('audit', Date.parse(date));
  expect(week('2026-11-16T00:00:00Z')).toBe('audit.2026-11-16.log');
  expect(week('2026-11-22T23:59:59Z')).toBe('audit.2026-11-16.log');
  expect(week('2026-11-23T00:00:00Z')).toBe('audit.2026-11-23.log');
});

test('what is not ours has no end', () => {
  expect(parseLogFile('audit.2026-11-16.log')?.endMs).toBe(Date.parse('2026-11-23'));
  expect(parseLogFile('worker.2026-11-22.log.gz')).toMatchObject({
    endMs: Date.parse('2026-11-23'),
    isCompressed: true,
  });
  for (const name of ['nginx.2026-11-22.log', 'worker.log', 'worker.2026-99-99.log', 'worker.2026-11-22.log.bak']) {
    expect(parseLogFile(name)).toBeUndefined();
  }
});

test('a directory that cannot be written is an error of LOG_DIR', () => {
  expect(() => openFiles('/dev/null/logs')).toThrow(/^LOG_DIR: expected a directory that can be written, got "\/dev/);
});

test('a full disk is told once, stops nobody, and what comes after it is kept', async () => {
  await symlink('/dev/full', join(dir, 'access.2026-11-22.log'));
  const files = openFiles();
  for (let line = 0; line < 10_000; line += 1) files.write('access', `${'x'.repeat(100)}\n`);
  expect(failures).toEqual([expect.objectContaining({ code: 'ENOSPC' })]);
  files.write('worker', 'still here\n');
  expect(await read('worker.2026-11-22.log')).toBe('still here\n');
  nowMs += 1;
  files.write('access', 'room again\n');
  expect(await read('access.2026-11-23.log')).toBe('room again\n');
  expect(failures.filter((error) => 'code' in error && error.code === 'ENOSPC').length).toBeLessThanOrEqual(2);
});

test('a file that somebody removes is made anew; while its directory is gone, that is told once', async () => {
  nowMs -= 60_000;
  const files = openFiles();
  files.write('worker', 'before\n');
  await rm(join(dir, 'worker.2026-11-22.log'));
  nowMs += 6_000;
  files.write('worker', 'after\n');
  expect(await read('worker.2026-11-22.log')).toBe('after\n');
  await rm(dir, { recursive: true });
  nowMs += 6_000;
  for (let line = 0; line < 3; line += 1) files.write('worker', 'nowhere\n');
  expect(failures.map(({ message }) => message)).toEqual([expect.stringContaining('ENOENT')]);
  await mkdir(dir);
  files.write('worker', 'there again\n');
  expect(await read('worker.2026-11-22.log')).toBe('there again\n');
});
