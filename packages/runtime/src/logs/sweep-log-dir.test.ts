import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sweepLogDir } from './sweep-log-dir.ts';

const DAY_MS = 24 * 3_600_000;
const MIDNIGHT = Date.parse('2026-11-23T00:00:00Z');
const AFTER = MIDNIGHT + 3_600_000;
const never = new AbortController().signal;
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'td-logs-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const write = (name: string, text = `${name}\n`): Promise<void> => writeFile(join(dir, name), text);
const list = async (): Promise<string[]> => (await readdir(dir)).toSorted();
const unzip = async (name: string): Promise<string> => gunzipSync(await readFile(join(dir, name))).toString();

test('a file is compressed an hour after its last day, and not before', async () => {
  for (const name of ['worker.2026-11-22.log', 'worker.2026-11-23.log', 'audit.2026-11-16.log']) await write(name);
  await sweepLogDir(dir, AFTER - 1, never);
  expect(await list()).toEqual(['audit.2026-11-16.log', 'worker.2026-11-22.log', 'worker.2026-11-23.log']);
  await sweepLogDir(dir, AFTER, never);
  expect(await list()).toEqual(['audit.2026-11-16.log.gz', 'worker.2026-11-22.log.gz', 'worker.2026-11-23.log']);
  expect(await unzip('worker.2026-11-22.log.gz')).toBe('worker.2026-11-22.log\n');
  expect((await stat(join(dir, 'worker.2026-11-22.log.gz'))).mode & 0o777).toBe(0o600);
});

test('logs are kept for 30 days, the audit log for 12 weeks, and what is not ours for ever', async () => {
  const names = ['error.2026-11-22.log', 'error.2026-11-22.log.gz', 'audit.2026-11-16.log.gz', 'nginx.2026-11-22.log'];
  for (const name of names) await write(name);
  await sweepLogDir(dir, MIDNIGHT + 30 * DAY_MS - 1, never);
  expect(await list()).toHaveLength(names.length);
  await sweepLogDir(dir, MIDNIGHT + 30 * DAY_MS, never);
  expect(await list()).toEqual(['audit.2026-11-16.log.gz', 'nginx.2026-11-22.log']);
  await sweepLogDir(dir, MIDNIGHT + 84 * DAY_MS - 1, never);
  expect(await list()).toContain('audit.2026-11-16.log.gz');
  await sweepLogDir(dir, MIDNIGHT + 84 * DAY_MS, never);
  expect(await list()).toEqual(['nginx.2026-11-22.log']);
});

test('any number of processes may sweep at once', async () => {
  const text = Array.from({ length: 50_000 }, (_, line) => `${line}\n`).join('');
  await write('worker.2026-11-22.log', text);
  await Promise.all(Array.from({ length: 8 }, () => sweepLogDir(dir, AFTER, never)));
  expect(await list()).toEqual(['worker.2026-11-22.log.gz']);
  expect(await unzip('worker.2026-11-22.log.gz')).toBe(text);
});

test('what a wrong clock wrote after the compression replaces nothing', async () => {
  await write('worker.2026-11-22.log', 'first\n');
  await sweepLogDir(dir, AFTER, never);
  await write('worker.2026-11-22.log', 'late\n');
  await sweepLogDir(dir, AFTER, never);
  expect(await unzip('worker.2026-11-22.log.gz')).toBe('first\n');
  expect(await readFile(join(dir, 'worker.2026-11-22.log'), 'utf8')).toBe('late\n');
});

test('what a process left that died while compressing is removed, and what one is at stays', async () => {
  await write('.compressing-dead');
  await write('.compressing-alive');
  await utimes(join(dir, '.compressing-dead'), new Date(), (Date.now() - 11 * 60_000) / 1000);
  await utimes(join(dir, '.compressing-alive'), new Date(), (Date.now() - 60_000) / 1000);
  await sweepLogDir(dir, AFTER, never);
  expect(await list()).toEqual(['.compressing-alive']);
});
