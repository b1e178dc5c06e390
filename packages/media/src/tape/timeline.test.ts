import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { buildConcatList, buildTimeline } from './timeline.ts';
import type { TapeTiming } from './timing.ts';

function timing(durationsMs: readonly number[]): TapeTiming {
  let totalMs = 0;
  const frames = durationsMs.map((duration, index) => {
    const frame = { name: `f${index}`, startMs: totalMs };
    totalMs += duration;
    return frame;
  });
  return { frames, totalMs, source: 'durations' };
}

const durations = fc.array(fc.double({ min: 0.5, max: 500, noNaN: true }), { minLength: 1, maxLength: 60 });

describe('cfr30', () => {
  test('drops what would never be seen and holds what is long', () => {
    const timeline = buildTimeline(timing([10, 10, 10, 100]), 'cfr30');
    expect(timeline).toMatchObject({ pictureCount: 4, endTick: 4, durationSec: 4 / 30 });
    expect(timeline.shots).toEqual([
      { name: 'f1', startTick: 0 },
      { name: 'f3', startTick: 1 },
    ]);
  });

  test('picture k is the frame of the middle of its interval', () => {
    fc.assert(
      fc.property(durations, (durationsMs) => {
        const tape = timing(durationsMs);
        const { shots, pictureCount } = buildTimeline(tape, 'cfr30');
        for (let tick = 0; tick < pictureCount; tick += 1) {
          const shown = shots.findLast((shot) => shot.startTick <= tick)!;
          const middleMs = ((tick + 0.5) * 1000) / 30;
          const wanted = tape.frames.findLast((frame) => frame.startMs <= middleMs)!;
          expect(shown.name).toBe(wanted.name);
        }
      }),
    );
  });
});

test('exact keeps every frame, in order, each on a tick of its own', () => {
  fc.assert(
    fc.property(durations, (durationsMs) => {
      const tape = timing(durationsMs);
      const { shots, endTick } = buildTimeline(tape, 'exact');
      expect(shots.map(({ name }) => name)).toEqual(tape.frames.map(({ name }) => name));
      const ticks = [...shots.map(({ startTick }) => startTick), endTick];
      for (const [index, tick] of ticks.entries()) expect(tick).toBeGreaterThan(ticks[index - 1] ?? -1);
    }),
  );
});

describe('the concat list', () => {
  test('brackets a shot of several ticks', () => {
    const timeline = buildTimeline(timing([100, 34]), 'cfr30');
    const files = [...buildConcatList(timeline, (name) => `${name}.png`).matchAll(/file '(.*)'/g)].map(
      (match) => match[1],
    );
    expect(files).toEqual(['f0.png', 'f0.png', 'f1.png']);
  });

  test('adds up to the timeline without rounding errors', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom('cfr30' as const, 'exact' as const), (durationsMs, mode) => {
        const timeline = buildTimeline(timing(durationsMs), mode);
        const list = buildConcatList(timeline, (name) => name);
        const sumSec = [...list.matchAll(/duration ([\d.]+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
        const fromSec = timeline.shots[0]!.startTick / timeline.ticksPerSec;
        expect(Math.abs(sumSec + fromSec - timeline.durationSec)).toBeLessThan(1e-6);
      }),
    );
  });
});
