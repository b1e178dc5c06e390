import type { FrameSize } from '@tapedeck/contracts';
import { fitInto, POSTER_BOX } from '../images/fit.ts';
import { framesPerSec, type FrameRate } from './frame-rate.ts';

/**
 * Still pictures are taken out of the encode's own decoded pictures: poster candidates and the storyboard cost no second
 * decode, and show what the viewer sees.
 */
export interface PosterPlan extends FrameSize {
  /** Numbers of output frames, ascending. */
  candidates: readonly number[];
  /** The same numbers, the most wanted first. */
  preference: readonly number[];
}

export interface StoryboardPlan {
  /** One small picture. */
  tile: FrameSize;
  columns: number;
  rows: number;
  count: number;
  /** A picture every so many output frames. */
  everyFrames: number;
  intervalSec: number;
}

/** Ten per cent is what is promised; the others are near it, and are only asked when it is black or uniform. */
const POSTER_POSITIONS = [0.1, 0.12, 0.08, 0.15, 0.06, 0.2, 0.25, 0.35, 0.5];

export interface StillsNeeds {
  size: FrameSize;
  frameRate: FrameRate;
  durationSec: number;
  frameCount: number;
}

export function planPoster({ size, frameRate, durationSec, frameCount }: StillsNeeds): PosterPlan {
  const fps = framesPerSec(frameRate);
  const wanted = POSTER_POSITIONS.map((position) =>
    Math.min(frameCount - 1, Math.floor(position * durationSec * fps + 1e-6)),
  );
  const preference = [...new Set(wanted)];
  return { ...fitInto(size, POSTER_BOX), preference, candidates: preference.toSorted((a, b) => a - b) };
}

const TILE_BOX: FrameSize = { width: 160, height: 160 };
const COLUMNS = 10;
const MAX_TILES = 100;
const MIN_INTERVAL_SEC = 1;

export function planStoryboard({ size, frameRate, durationSec, frameCount }: StillsNeeds): StoryboardPlan {
  const fps = framesPerSec(frameRate);
  const intervalSec = Math.max(MIN_INTERVAL_SEC, durationSec / MAX_TILES);
  const everyFrames = Math.max(1, Math.ceil(intervalSec * fps - 1e-6));
  const count = Math.ceil(frameCount / everyFrames);
  const columns = Math.min(COLUMNS, count);
  return {
    tile: fitInto(size, TILE_BOX, 2),
    columns,
    rows: Math.ceil(count / columns),
    count,
    everyFrames,
    intervalSec: everyFrames / fps,
  };
}

/** All tiles together. */
export function spriteSize({ tile, columns, rows }: StoryboardPlan): FrameSize {
  return { width: tile.width * columns, height: tile.height * rows };
}

/** The seek bar's pictures (WebVTT, with media fragments for the place in the sprite). */
export function buildStoryboardVtt(plan: StoryboardPlan, spriteName: string, durationSec: number): string {
  const cues = Array.from({ length: plan.count }, (_, index) => {
    const from = index * plan.intervalSec;
    const to = Math.min(durationSec, from + plan.intervalSec);
    const x = (index % plan.columns) * plan.tile.width;
    const y = Math.floor(index / plan.columns) * plan.tile.height;
    const place = `${x},${y},${plan.tile.width},${plan.tile.height}`;
    return `${formatCueTime(from)} --> ${formatCueTime(to)}\n${spriteName}#xywh=${place}\n`;
  });
  return `WEBVTT\n\n${cues.join('\n')}`;
}

function formatCueTime(sec: number): string {
  const ms = Math.round(sec * 1000);
  const part = (value: number, digits: number): string => String(Math.floor(value)).padStart(digits, '0');
  return `${part(ms / 3_600_000, 2)}:${part((ms / 60_000) % 60, 2)}:${part((ms / 1000) % 60, 2)}.${part(ms % 1000, 3)}`;
}

/** Luma of a candidate, seen small. */
export interface StillStats {
  mean: number;
  deviation: number;
}

/** Of each candidate a grey picture of so many pixels a side decides. */
export const STATS_SIDE = 32;

/** @param grey candidates one after the other, a byte a pixel, as FFmpeg writes raw video */
export function measureStills(grey: Uint8Array): StillStats[] {
  const pixels = STATS_SIDE * STATS_SIDE;
  return Array.from({ length: Math.floor(grey.length / pixels) }, (_, index) => {
    const picture = grey.subarray(index * pixels, (index + 1) * pixels);
    const mean = picture.reduce((sum, value) => sum + value, 0) / pixels;
    const variance = picture.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels;
    return { mean, deviation: Math.sqrt(variance) };
  });
}

/** Luma codes: black is 16. A fade's darkest and a title on one colour lie below these. */
const DARK_MEAN = 28;
const UNIFORM_DEVIATION = 6;

/** @returns the place among `candidates` of the most wanted one that shows something, or else of the liveliest. */
export function choosePoster({ candidates, preference }: PosterPlan, stats: readonly StillStats[]): number {
  const showsSomething = ({ mean, deviation }: StillStats): boolean =>
    mean >= DARK_MEAN && deviation >= UNIFORM_DEVIATION;
  const measured = preference.map((frame) => candidates.indexOf(frame)).filter((place) => stats[place] !== undefined);
  const good = measured.find((place) => showsSomething(stats[place]!));
  const liveliest = (best: number, place: number): number =>
    stats[place]!.deviation > stats[best]!.deviation ? place : best;
  return good ?? measured.reduce(liveliest, measured[0] ?? 0);
}
