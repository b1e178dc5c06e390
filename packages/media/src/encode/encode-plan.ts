import { JobError, type FrameSize, type X264Preset } from '@tapedeck/contracts';

/** The x264 settings that decide how much memory an encode takes. */
export interface EncodePlan {
  lookahead: number;
  references: number;
  bFrames: number;
  threads: number;
  /** Threads share one frame by slices instead of each working on a frame of its own. */
  slicedThreads: boolean;
  estimatedBytes: number;
  /** What the estimate had to stay below; undefined where nothing limits it. */
  budgetBytes: number | undefined;
  /** True when memory, not the preset, decided. */
  reducedForMemory: boolean;
}

export interface EncodeNeeds {
  output: FrameSize;
  /** The largest decoded picture that goes in. */
  input: FrameSize;
  preset: X264Preset;
  threads: number;
  budgetBytes: number | undefined;
}

type Settings = Pick<EncodePlan, 'lookahead' | 'references' | 'bFrames' | 'threads' | 'slicedThreads'>;

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

/** x264's own default is 40 (medium). Ten costs 0.1 % in size and saves 60 frames of memory. */
const DEFAULT_LOOKAHEAD = 10;

/**
 * The best settings whose estimated memory fits the budget. What goes first is what costs least: frame threads
 * (slices give the speed back), then lookahead, then B-frames and references (one to two per cent in size).
 * @throws JobError ENCODE_MEMORY_INSUFFICIENT when not even the smallest fits: better said than killed.
 */
export function planEncode(needs: EncodeNeeds): EncodePlan {
  const ladder = buildLadder(needs);
  const budget = needs.budgetBytes ?? Infinity;
  const chosen = ladder.find((settings) => estimateEncodeBytes(settings, needs) <= budget);
  if (!chosen) {
    const leastBytes = estimateEncodeBytes(ladder.at(-1)!, needs);
    const { width, height } = needs.output;
    throw new JobError(
      'ENCODE_MEMORY_INSUFFICIENT',
      `${width}x${height} needs ${toMib(leastBytes)} MiB, the budget is ${toMib(budget)} MiB`,
    );
  }
  return {
    ...chosen,
    estimatedBytes: estimateEncodeBytes(chosen, needs),
    budgetBytes: needs.budgetBytes,
    reducedForMemory: chosen !== ladder[0],
  };
}

function buildLadder({ preset, threads }: EncodeNeeds): [Settings, ...Settings[]] {
  const { references, bFrames } = PRESET_FRAMES[preset];
  const full = { lookahead: DEFAULT_LOOKAHEAD, references, bFrames, threads, slicedThreads: false };
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

/** FFmpeg, its libraries, the decoder and the muxer, before the first large frame. */
const BASE_BYTES = 103e6;
/** FFmpeg 7 keeps a queue of finished pictures between its filter and its encoder thread; FFmpeg 5 has none. */
const QUEUED_FRAMES = 8;
/** RGBA as decoded, and what the decoder, the filters and their queues hold of it. */
const INPUT_FRAMES = 6;

/**
 * Peak resident memory of one FFmpeg, fitted to the measured peaks of 113 encodes of all presets (docs/decisions/0004).
 * The unit is one 4:2:0 frame. Right for FFmpeg 7, up to a third too high for FFmpeg 5: meant to err upwards.
 */
export function estimateEncodeBytes(
  settings: Settings,
  { output, input, preset }: Pick<EncodeNeeds, 'output' | 'input' | 'preset'>,
): number {
  const { lookahead, references, bFrames, threads, slicedThreads } = settings;
  const decodedPictures = bFrames >= 2 ? Math.max(references, 4) : references;
  const frames =
    12.7 +
    QUEUED_FRAMES +
    3.7 * decodedPictures +
    0.5 * bFrames +
    countLookaheadFrames(lookahead, bFrames, preset) +
    countThreadFrames(slicedThreads ? 1 : threads, bFrames);
  const frameBytes = output.width * output.height * 1.5;
  return Math.round(BASE_BYTES + frames * frameBytes + INPUT_FRAMES * input.width * input.height * 4);
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

function toMib(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}
