import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { advance, markTold, parseAlertState, RESOLVE_AFTER_MS, type AlertState } from './alert-state.ts';

const MINUTE_MS = 60_000;
const FOR_MS = 5 * MINUTE_MS;
const FINDING = { summary: 'It holds.', figures: { count: 1 } };

/** A look at the minute, by one that has two channels. */
function look(state: AlertState | undefined, minute: number, holds: boolean, forMs = FOR_MS): AlertState | undefined {
  const finding = holds ? FINDING : undefined;
  return advance(state, { finding, forMs, channels: ['a', 'b'], nowMs: minute * MINUTE_MS });
}

const tellAll = (state: AlertState | undefined): AlertState | undefined =>
  state?.owed.reduce<AlertState | undefined>((rest, channel) => rest && markTold(rest, channel), state);

/** Fires at minute 5, and was told to all. */
const fire = (): AlertState | undefined => tellAll(look(look(undefined, 0, true), 5, true));

describe('an alert', () => {
  test('fires when its condition has held for its time, not before', () => {
    const pending = look(undefined, 0, true);
    expect(look(pending, 4.99, true)).toMatchObject({ isFiring: false, owed: [] });
    expect(look(pending, 5, true)).toMatchObject({
      ...{ isFiring: true, owed: ['a', 'b'] },
      message: { status: 'firing', sinceMs: 0, finding: FINDING },
    });
  });

  test('fires at once where its condition need not last', () => {
    expect(look(undefined, 0, true, 0)).toMatchObject({ isFiring: true, owed: ['a', 'b'] });
  });

  test('starts anew when its condition did not hold in between', () => {
    const interrupted = look(look(look(undefined, 0, true), 4, false), 5, true);
    expect(interrupted).toMatchObject({ isFiring: false, heldSinceMs: 5 * MINUTE_MS });
    expect(look(look(undefined, 0, true), 4, false)).toBeUndefined();
  });

  test('is resolved when its condition has not held for ten minutes, and then forgotten', () => {
    const clearing = look(fire(), 6, false);
    expect(look(clearing, 15.99, false)).toMatchObject({ isFiring: true, owed: [] });
    const resolved = look(clearing, 16, false);
    expect(resolved).toMatchObject({
      ...{ isFiring: false, owed: ['a', 'b'] },
      message: { status: 'resolved', sinceMs: 0, untilMs: 6 * MINUTE_MS, finding: FINDING },
    });
    expect(tellAll(resolved)).toBeUndefined();
  });

  test('that comes and goes is one alert', () => {
    let state = fire();
    for (let minute = 6; minute < 120; minute += 1) {
      state = look(state, minute, minute % 9 === 0);
      expect(state).toMatchObject({ isFiring: true, owed: [] });
    }
  });

  test('that a channel did not hear of before it was over is told to it when it is', () => {
    const heardByA = markTold(look(undefined, 0, true, 0)!, 'a');
    const resolved = look(look(heardByA, 1, false), 11, false);
    expect(resolved).toMatchObject({ owed: ['a', 'b'], message: { status: 'resolved' } });
  });

  test('of a channel that is there no more is owed to nobody', () => {
    const state = look(undefined, 0, true, 0);
    const later = advance(state, { finding: undefined, forMs: 0, channels: ['b'], nowMs: MINUTE_MS });
    expect(later).toMatchObject({ owed: ['b'] });
  });

  test('outlives being written down, but not another writing', () => {
    const state = look(undefined, 0, true, 0)!;
    expect(parseAlertState(JSON.stringify(state))).toEqual(state);
    expect(parseAlertState('{"isFiring":1}')).toBeUndefined();
    expect(parseAlertState('firing')).toBeUndefined();
  });
});

const CHANNELS = ['a', 'b'] as const;
const stepArbitrary = fc.record({
  afterMs: fc.integer({ min: 1, max: 12 * MINUTE_MS }),
  holds: fc.boolean(),
  takes: fc.record({ a: fc.boolean(), b: fc.boolean() }),
});

test('no channel hears of two firings without an end between them, nor of anything twice', () => {
  fc.assert(
    fc.property(fc.array(stepArbitrary, { maxLength: 60 }), fc.constantFrom(0, FOR_MS), (steps, forMs) => {
      const heard: Record<string, string[]> = { a: [], b: [] };
      let state: AlertState | undefined;
      let [nowMs, transitions] = [0, 0];
      const run = ({ afterMs, holds, takes }: (typeof steps)[number]): void => {
        nowMs += afterMs;
        // As a restart, or another replica, finds it.
        const before = state && parseAlertState(JSON.stringify(state));
        const finding = holds ? FINDING : undefined;
        state = advance(before, { finding, forMs, channels: CHANNELS, nowMs });
        if ((state?.isFiring ?? false) !== (before?.isFiring ?? false)) transitions += 1;
        for (const channel of CHANNELS) {
          if (!takes[channel] || !state?.owed.includes(channel)) continue;
          heard[channel]!.push(`${state.message!.status} ${state.message!.sinceMs}`);
          state = markTold(state, channel);
        }
      };
      steps.forEach(run);
      for (const words of Object.values(heard)) {
        expect(words.length).toBeLessThanOrEqual(transitions);
        expect(new Set(words).size).toBe(words.length);
        const statuses = words.map((word) => word.split(' ')[0]);
        statuses
          .slice(1)
          .forEach((status, index) => expect([statuses[index], status]).not.toEqual(['firing', 'firing']));
      }
      // Once all is well, whoever heard of a firing hears of its end, and nothing is left.
      const well = { holds: false, takes: { a: true, b: true } };
      run({ afterMs: 1, ...well });
      run({ afterMs: RESOLVE_AFTER_MS, ...well });
      expect(state).toBeUndefined();
      for (const words of Object.values(heard)) expect(words.at(-1) ?? 'resolved').toMatch(/^resolved/);
    }),
  );
});
