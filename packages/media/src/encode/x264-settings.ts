import type { X264Preset } from '@tapedeck/contracts';

/** The x264 settings that decide how much memory an encoder takes. */
export interface X264Settings {
  lookahead: number;
  references: number;
  bFrames: number;
  threads: number;
  /** Threads share one frame by slices instead of each working on a frame of its own. */
  slicedThreads: boolean;
}

const PRESET_FRAMES: Record<X264Preset, { references: number; bFrames: number }> = {
  ultrafast: { references: 1, bFrames: 0 },
  superfast: { references: 1, bFrames: 3 },
  veryfast: { references: 1, bFrames: 3 },
  faster: { references: 2, bFrames: 3 },
  fast: { references: 2, bFrames: 3 },
  medium: { references: 3, bFrames: 3 },
  slow: { references: 5, bFrames: 3 },
  slower: { references: 8, bFrames: 3 },
  veryslow: { references: 16, bFrames: 8 },
};

/**
 * Settings from the preset's own down to the smallest that are worth having. What goes first is what costs least: frame
 * threads (slices give the speed back), then lookahead, then B-frames and references (one to two per cent in size).
 */
export function buildSettingsLadder(
  preset: X264Preset,
  { threads, lookahead }: { threads: number; lookahead: number },
): [X264Settings, ...X264Settings[]] {
  const { references, bFrames } = PRESET_FRAMES[preset];
  const full = { lookahead, references, bFrames, threads, slicedThreads: false };
  const sliced = { ...full, slicedThreads: threads > 1 };
  return [
    full,
    sliced,
    { ...sliced, lookahead: 5 },
    { ...sliced, lookahead: 3, references: Math.min(references, 3), bFrames: Math.min(bFrames, 3) },
    { ...sliced, lookahead: 2, references: Math.min(references, 3), bFrames: 0 },
    { ...sliced, lookahead: 2, references: 1, bFrames: 0 },
    { ...sliced, lookahead: 1, references: 1, bFrames: 0 },
    // Without any lookahead the file is half as large again; only where nothing else fits.
    { ...sliced, lookahead: 0, references: 1, bFrames: 0 },
  ];
}

/** FFmpeg 7 keeps a queue of finished pictures between its filter and its encoder thread; FFmpeg 5 has none. */
const QUEUED_FRAMES = 8;

/** How many pictures one encoder, and its queue, hold at their peak (docs/decisions/0004). */
export function countEncoderFrames(settings: X264Settings, preset: X264Preset): number {
  const { lookahead, references, bFrames, threads, slicedThreads } = settings;
  const decodedPictures = bFrames >= 2 ? Math.max(references, 4) : references;
  return (
    12.7 +
    QUEUED_FRAMES +
    3.7 * decodedPictures +
    0.5 * bFrames +
    countLookaheadFrames(lookahead, bFrames, preset) +
    countThreadFrames(slicedThreads ? 1 : threads, bFrames)
  );
}

/** The two slowest presets place B-frames by a search of their own, which looks ahead whatever rc-lookahead says. */
function countLookaheadFrames(lookahead: number, bFrames: number, preset: X264Preset): number {
  const searches = bFrames > 0 && (preset === 'slower' || preset === 'veryslow');
  const length = Math.max(lookahead, bFrames, searches ? 4 * Math.max(bFrames, 3) : 0);
  return length * (searches ? 2.05 + 0.04 * bFrames : 2.05);
}

function countThreadFrames(frameThreads: number, bFrames: number): number {
  return frameThreads === 1 ? 0 : 8 + 2.85 * bFrames + 8 * (frameThreads - 2);
}

/** As x264 wants them: `key=value` joined by colons. */
export function buildX264Params(settings: X264Settings, more: Readonly<Record<string, string | number>> = {}): string {
  const { lookahead, references, bFrames, threads, slicedThreads } = settings;
  const params = {
    'rc-lookahead': lookahead,
    ref: references,
    bframes: bFrames,
    threads,
    'sliced-threads': slicedThreads ? 1 : 0,
    ...(lookahead === 0 && { mbtree: 0 }),
    ...more,
  };
  return Object.entries(params)
    .map(([key, value]) => `${key}=${value}`)
    .join(':');
}
