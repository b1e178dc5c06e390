import { describe, expect, test } from '@jest/globals';
import { createLeftEstimator } from './estimate-left.ts';
import { createProgressBar } from './progress-bar.ts';

/** A stream that keeps what was written, and a clock that is set by hand. */
function createBar({ isTTY = true, json = false, columns = 60 } = {}) {
  const clock = { nowMs: 0 };
  const written: string[] = [];
  const stderr = { isTTY, columns, write: (text: string) => written.push(text) > 0 };
  const bar = createProgressBar({ stderr, json, nowMs: () => clock.nowMs });
  return { bar, clock, written, stderr };
}

describe('in a terminal', () => {
  test('one line is drawn over itself, and goes away with the cursor given back', () => {
    const { bar, clock, written } = createBar();
    bar.advance({ percent: 1, phase: 'encode' });
    clock.nowMs = 150;
    bar.advance({ percent: 2, phase: 'encode' });
    bar.clear();
    bar.clear();
    expect(written).toEqual([
      expect.stringMatching(/^\x1b\[\?25l\r\x1b\[Kencode .+ 1 %$/),
      expect.stringMatching(/^\r\x1b\[Kencode .+ 2 %$/),
      '\r\x1b[K\x1b[?25h',
    ]);
  });

  test('it is drawn ten times a second at most, a new phase and the end at once', () => {
    const { bar, clock, written } = createBar();
    for (let percent = 0; percent < 100; percent += 1) {
      bar.advance({ percent, phase: percent < 50 ? 'download' : 'encode' });
      clock.nowMs += 1;
    }
    bar.advance({ percent: 100, phase: 'encode' });
    expect(written.map((text) => /\d+ %/.exec(text)![0])).toEqual(['0 %', '50 %', '100 %']);
    bar.clear();
  });

  test('a terminal that becomes narrow gets a line that fits', () => {
    const { bar, clock, written, stderr } = createBar();
    bar.advance({ percent: 1, phase: 'encode' });
    stderr.columns = 20;
    clock.nowMs = 150;
    bar.advance({ percent: 2, phase: 'encode' });
    expect(written[1]!.replace('\r\x1b[K', '').length).toBeLessThan(20);
    bar.clear();
  });

  test('nothing is left to do when the process ends', () => {
    const before = process.listenerCount('exit');
    const { bar } = createBar();
    bar.advance({ percent: 1, phase: 'encode' });
    expect(process.listenerCount('exit')).toBe(before + 1);
    bar.clear();
    expect(process.listenerCount('exit')).toBe(before);
  });
});

test('where stderr is a file, each phase is a line of its own', () => {
  const { bar, written } = createBar({ isTTY: false });
  for (const phase of ['download', 'download', 'encode', 'encode']) bar.advance({ percent: 1, phase });
  bar.clear();
  expect(written).toEqual(['download\n', 'encode\n']);
});

test('with --json nothing is drawn, in a terminal neither', () => {
  const { bar, written } = createBar({ json: true });
  bar.advance({ percent: 1, phase: 'encode' });
  bar.clear();
  expect(written).toEqual([]);
});

describe('the time left', () => {
  test('is told from the speed of the last half minute', () => {
    const { estimateLeftSec } = createLeftEstimator();
    expect(estimateLeftSec(0, 0)).toBeUndefined();
    expect(estimateLeftSec(1, 500)).toBeUndefined();
    expect(estimateLeftSec(10, 10_000)).toBe(90);
    // Ten times as fast since.
    for (let second = 1; second <= 31; second += 1) estimateLeftSec(10 + second, 10_000 + 100 * second);
    expect(estimateLeftSec(60, 40_050)).toBeLessThan(30);
  });

  test('is not known again when an attempt begins anew', () => {
    const { estimateLeftSec } = createLeftEstimator();
    estimateLeftSec(0, 0);
    expect(estimateLeftSec(50, 10_000)).toBe(10);
    expect(estimateLeftSec(0, 20_000)).toBeUndefined();
    expect(estimateLeftSec(10, 30_000)).toBe(90);
  });
});
