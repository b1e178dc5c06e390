import type { TapeOptions } from '@tapedeck/contracts';
import type { TapeTiming } from './timing.ts';

/** What the encoder shows: this frame from tick `startTick` on. One tick is `1 / ticksPerSec` seconds. */
export interface Shot {
  name: string;
  startTick: number;
}

/**
 * The output's time axis, decided here and not in FFmpeg: every shot starts on an exact tick, so nothing is left to
 * round, and frames that would never be seen are not decoded.
 */
export interface Timeline {
  mode: TapeOptions['timing'];
  ticksPerSec: number;
  shots: readonly Shot[];
  /** When the last shot ends. */
  endTick: number;
  durationSec: number;
  /** Pictures in the file: one per tick for cfr30, one per shot for exact. */
  pictureCount: number;
}

export const CFR_FPS = 30;

export function buildTimeline(timing: TapeTiming, mode: TapeOptions['timing']): Timeline {
  return mode === 'exact' ? buildExactTimeline(timing) : buildCfrTimeline(timing);
}

/**
 * Picture k is on screen from k/30 s to (k+1)/30 s. It is the frame of the middle of that interval, which is never
 * further than 1/60 s (16.7 ms) from what timing.json says at any instant.
 */
function buildCfrTimeline({ frames, totalMs }: TapeTiming): Timeline {
  const tickMs = 1000 / CFR_FPS;
  const pictureCount = Math.max(1, Math.round(totalMs / tickMs));
  const shots: Shot[] = [];
  let index = 0;
  let shownIndex = -1;
  for (let tick = 0; tick < pictureCount; tick += 1) {
    const middleMs = (tick + 0.5) * tickMs;
    while (index + 1 < frames.length && frames[index + 1]!.startMs <= middleMs) index += 1;
    if (index === shownIndex) continue;
    shots.push({ name: frames[index]!.name, startTick: tick });
    shownIndex = index;
  }
  return {
    mode: 'cfr30',
    ticksPerSec: CFR_FPS,
    shots,
    endTick: pictureCount,
    durationSec: pictureCount / CFR_FPS,
    pictureCount,
  };
}

/** MPEG's own clock: fine enough that entries of one instant stay within a millisecond of it by the dozen. */
const EXACT_TICKS_PER_SEC = 90_000;

/** Every entry is kept. Two entries of one instant are shown a tick after each other. */
function buildExactTimeline({ frames, totalMs }: TapeTiming): Timeline {
  const toTick = (ms: number): number => Math.round((ms * EXACT_TICKS_PER_SEC) / 1000);
  let earliestTick = 0;
  const shots = frames.map(({ name, startMs }) => {
    const startTick = Math.max(toTick(startMs), earliestTick);
    earliestTick = startTick + 1;
    return { name, startTick };
  });
  const endTick = Math.max(toTick(totalMs), earliestTick);
  return {
    mode: 'exact',
    ticksPerSec: EXACT_TICKS_PER_SEC,
    shots,
    endTick,
    durationSec: endTick / EXACT_TICKS_PER_SEC,
    pictureCount: shots.length,
  };
}

/**
 * The timeline as a list for FFmpeg's concat demuxer.
 *
 * `option framerate` sets each file's time base to our ticks; without it the demuxer puts everything on a 1/25 s grid
 * (up to 20 ms wrong). Durations are differences of rounded microseconds, so that rounding never adds up.
 */
export function buildConcatList(timeline: Timeline, fileNameOf: (frameName: string) => string): string {
  const { ticksPerSec, endTick } = timeline;
  const shots = timeline.mode === 'cfr30' ? bracketShots(timeline) : timeline.shots;
  const micros = (tick: number): number => Math.round((tick * 1e6) / ticksPerSec);
  const lines = shots.map(({ name, startTick }, index) => {
    const nextTick = shots[index + 1]?.startTick ?? endTick;
    const seconds = ((micros(nextTick) - micros(startTick)) / 1e6).toFixed(6);
    return `file '${fileNameOf(name)}'\noption framerate ${ticksPerSec}\nduration ${seconds}\n`;
  });
  return `ffconcat version 1.0\n${lines.join('')}`;
}

/**
 * Lists a shot of several ticks at its first and at its last one. FFmpeg fills the ticks between with copies, but fills a
 * gap before a new picture partly with that new picture: a tick too early. Between two listings of one frame it cannot
 * choose wrongly. (The fps filter does it right, but forgets its state when a frame's size or format changes.)
 */
function bracketShots({ shots, endTick }: Timeline): Shot[] {
  return shots.flatMap((shot, index) => {
    const lastTick = (shots[index + 1]?.startTick ?? endTick) - 1;
    return lastTick > shot.startTick ? [shot, { ...shot, startTick: lastTick }] : [shot];
  });
}
