import { beforeEach, expect, test } from '@jest/globals';
import { JobError } from '@tapedeck/contracts';
import { pino } from 'pino';
import { createPhaseLog, type PhaseLog } from './phase-log.ts';

let lines: Record<string, unknown>[];
let phases: PhaseLog;
beforeEach(() => {
  lines = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  phases = createPhaseLog(pino({ base: null, timestamp: false }, { write }));
});

test('each phase gives one line when it is over, with what its stage said', () => {
  phases.begin('download');
  phases.note({ bytes: 10 });
  expect(lines).toEqual([]);
  phases.begin('probe');
  phases.note({ plan: { a: 1 } });
  phases.note({ frames: 2 });
  phases.begin('publish');
  phases.note({ bytes: 20 });
  const durationMs = expect.any(Number);
  expect(phases.end()).toEqual({
    phases: ['download', 'probe', 'publish'].map((phase) => ({ phase, durationMs })),
    sourceBytes: 10,
    outputBytes: 20,
  });
  expect(lines).toEqual([
    { level: 30, phase: 'download', durationMs, bytes: 10, msg: 'phase done' },
    { level: 30, phase: 'probe', durationMs, plan: { a: 1 }, frames: 2, msg: 'phase done' },
    { level: 30, phase: 'publish', durationMs, bytes: 20, msg: 'phase done' },
  ]);
});

test('a phase that is broken off has its line too, with the code, and its bytes do not count', () => {
  phases.begin('download');
  phases.note({ bytes: 10 });
  expect(phases.end(new JobError('SOURCE_TRUNCATED'))).toMatchObject({
    sourceBytes: undefined,
    outputBytes: undefined,
  });
  expect(lines).toEqual([expect.objectContaining({ level: 40, phase: 'download', code: 'SOURCE_TRUNCATED' })]);
});

test('a worker that stops is no failure', () => {
  phases.begin('encode');
  phases.end(new Error('the worker is stopping'));
  expect(lines[0]).toMatchObject({ phase: 'encode', reason: 'the worker is stopping' });
  expect(lines[0]).not.toHaveProperty('code');
});

test('an attempt that never began a phase has none', () => {
  expect(phases.end(new Error('lost'))).toMatchObject({ phases: [] });
  expect(lines).toEqual([]);
});
