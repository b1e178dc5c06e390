import { expect, test } from '@jest/globals';
import { describeToolRun, listToolRuns, pickToolRun, type ToolRun } from './tool-runs.ts';

const run = (atMs: number, news: Partial<ToolRun> = {}): ToolRun => ({
  ...{ what: 'tool', atMs, attempt: 1, tool: 'ffmpeg', phase: 'encode', command: 'ffmpeg -i a b' },
  ...{ exitCode: 0, signal: null, timedOut: false, stalled: false, durationMs: 3_000, stderr: '' },
  ...news,
});

test('the newest first, and nothing else of the history', () => {
  expect(listToolRuns([run(1), { what: 'accepted', atMs: 2 }, run(3)]).map(({ atMs }) => atMs)).toEqual([3, 1]);
});

test('the one to look at is the last that failed, else the last', () => {
  expect(pickToolRun(listToolRuns([run(1, { exitCode: 1 }), run(2, { stalled: true }), run(3)]))?.atMs).toBe(2);
  expect(pickToolRun(listToolRuns([run(1), run(2)]))?.atMs).toBe(2);
  expect(pickToolRun([])).toBeUndefined();
});

test.each([
  ['took 3 s', {}],
  ['exit code 187 after 3 s', { exitCode: 187 }],
  ['exit code unknown after 3 s', { exitCode: null }],
  ['was killed by SIGKILL after 3 s', { exitCode: null, signal: 'SIGKILL' }],
  ['ran out of time after 3 s', { exitCode: null, signal: 'SIGTERM', timedOut: true }],
  ['made no progress and was stopped after 3 s', { exitCode: null, signal: 'SIGTERM', stalled: true }],
])('%s', (words, news) => {
  expect(describeToolRun(run(1, news))).toBe(words);
});
