import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { pino } from 'pino';
import { createMemoryWatch, type MemoryWatchOptions } from './memory-watch.ts';
import { readMemory } from './read-memory.ts';

let lines: { level: number; nodeBytes: number }[];
let nodeBytes: number;
let hasWorked: boolean;
let limitsReached: number;
beforeEach(() => {
  jest.useFakeTimers({ now: 0 });
  [lines, nodeBytes, hasWorked, limitsReached] = [[], 100, true, 0];
});
afterEach(() => {
  jest.useRealTimers();
});

function watch(options: Partial<MemoryWatchOptions> = {}) {
  return createMemoryWatch({
    read: async () => ({ nodeBytes, ffmpegBytes: 50 }),
    warnBytes: 1_000,
    limitBytes: undefined,
    hasWorked: () => hasWorked,
    onLimit: () => void (limitsReached += 1),
    logger: pino({}, { write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[0]) }),
    ...options,
  });
}

test('is logged at once and every five minutes, however often it is sampled', async () => {
  const memory = watch();
  expect(await memory.sample()).toEqual({ nodeBytes: 100, ffmpegBytes: 50 });
  await memory.sample();
  jest.advanceTimersByTime(299_999);
  await memory.sample();
  expect(lines).toEqual([expect.objectContaining({ level: 30, nodeBytes: 100, ffmpegBytes: 50 })]);
  jest.advanceTimersByTime(1);
  await memory.sample();
  expect(lines).toHaveLength(2);
});

test('a warning does not wait, and is not repeated before it is due', async () => {
  const memory = watch();
  await memory.sample();
  nodeBytes = 951;
  await memory.sample();
  await memory.sample();
  expect(lines.map(({ level }) => level)).toEqual([30, 40]);
});

test('above the limit the worker is told once, and only if another start could help', async () => {
  const memory = watch({ limitBytes: 149 });
  hasWorked = false;
  await memory.sample();
  expect(limitsReached).toBe(0);
  hasWorked = true;
  await memory.sample();
  await memory.sample();
  expect(limitsReached).toBe(1);
});

test('without a limit nothing is too much', async () => {
  nodeBytes = Number.MAX_SAFE_INTEGER;
  await watch().sample();
  expect(limitsReached).toBe(0);
});

test("children and theirs count as FFmpeg's, and nobody else's", async () => {
  jest.useRealTimers();
  const before = await readMemory();
  expect(before.nodeBytes).toBeGreaterThan(1_000_000);
  const size = 64 * 1024 ** 2;
  const hold = `const held = Buffer.alloc(${size}, 1); console.log(held.length); process.stdin.resume()`;
  const child = spawn('sh', ['-c', '"$0" -e "$1"; true', process.execPath, hold], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((done) => child.stdout.once('data', done));
  const during = await readMemory();
  child.stdin.end();
  await new Promise((done) => child.once('close', done));
  expect(during.ffmpegBytes - before.ffmpegBytes).toBeGreaterThan(size);
  expect((await readMemory()).ffmpegBytes).toBeLessThan(size);
});
