import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { AttemptNews } from '@tapedeck/jobs';
import { createLogger } from '@tapedeck/runtime';
import { createPhaseLog } from './phase-log.ts';
import { createProgressReporter, type ProgressReporter } from './progress-reporter.ts';

let written: AttemptNews[];
let reporter: ProgressReporter;
beforeEach(async () => {
  jest.useFakeTimers({ now: 0 });
  written = [];
  reporter = createProgressReporter({
    write: async (news) => void written.push(news),
    onWriteFailed: () => undefined,
    phases: createPhaseLog(createLogger({ name: 'test', level: 'silent' })),
  });
  await reporter.enter('encode');
  written = [];
});
afterEach(() => {
  jest.useRealTimers();
});

describe('within a phase', () => {
  test('five per cent are news at once, one is after two seconds', () => {
    reporter.advance(0.01);
    reporter.advance(0.02);
    expect(written).toEqual([]);
    reporter.advance(0.07);
    expect(written).toEqual([{ progress: 19 }]);
    jest.advanceTimersByTime(2_000);
    reporter.advance(0.08);
    expect(written).toEqual([{ progress: 19 }, { progress: 20 }]);
  });

  test('what gets no further gives a sign after half a minute, and not before', () => {
    jest.advanceTimersByTime(29_000);
    reporter.advance(0);
    reporter.sign();
    expect(written).toEqual([]);
    jest.advanceTimersByTime(1_000);
    reporter.advance(0);
    reporter.sign();
    expect(written).toEqual([{ progress: 14 }]);
    jest.advanceTimersByTime(30_000);
    reporter.sign();
    expect(written).toHaveLength(2);
  });

  test('progress never goes back', () => {
    reporter.advance(0.5);
    jest.advanceTimersByTime(40_000);
    reporter.advance(0.2);
    expect(written).toEqual([{ progress: 53 }, { progress: 53 }]);
  });
});
