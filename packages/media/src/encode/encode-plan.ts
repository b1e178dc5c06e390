import { JobError, type FrameSize, type X264Preset } from '@tapedeck/contracts';
import { buildSettingsLadder, countEncoderFrames, type X264Settings } from './x264-settings.ts';

/** How much memory an encode takes, and what keeps it there. */
export interface EncodePlan extends X264Settings {
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

/** x264's own default is 40 (medium). Ten costs 0.1 % in size and saves 60 frames of memory. */
const LOOKAHEAD_FRAMES = 10;

/**
 * The best settings whose estimated memory fits the budget. What goes first is what costs least: frame threads
 * (slices give the speed back), then lookahead, then B-frames and references (one to two per cent in size).
 * @throws JobError ENCODE_MEMORY_INSUFFICIENT when not even the smallest fits: better said than killed.
 */
export function planEncode(needs: EncodeNeeds): EncodePlan {
  const ladder = buildSettingsLadder(needs.preset, { threads: needs.threads, lookahead: LOOKAHEAD_FRAMES });
  const budget = needs.budgetBytes ?? Infinity;
  const chosen = ladder.find((settings) => estimateEncodeBytes(settings, needs) <= budget);
  if (!chosen) {
    const leastBytes = estimateEncodeBytes(ladder.at(-1)!, needs);
    const { width, height } = needs.output;
    throw memoryInsufficient(`${width}x${height}`, leastBytes, budget);
  }
  return {
    ...chosen,
    estimatedBytes: estimateEncodeBytes(chosen, needs),
    budgetBytes: needs.budgetBytes,
    reducedForMemory: chosen !== ladder[0],
  };
}

export function memoryInsufficient(what: string, leastBytes: number, budgetBytes: number): JobError {
  const message = `${what} needs ${toMib(leastBytes)} MiB, the budget is ${toMib(budgetBytes)} MiB`;
  return new JobError('ENCODE_MEMORY_INSUFFICIENT', message);
}

/** FFmpeg, its libraries, the decoder and the muxer, before the first large frame. */
const BASE_BYTES = 103e6;
/** RGBA as decoded, and what the decoder, the filters and their queues hold of it. */
const INPUT_FRAMES = 6;

/**
 * Peak resident memory of one FFmpeg, fitted to the measured peaks of 113 encodes of all presets (docs/decisions/0004).
 * The unit is one 4:2:0 frame. Right for FFmpeg 7, up to a third too high for FFmpeg 5: meant to err upwards.
 */
export function estimateEncodeBytes(
  settings: X264Settings,
  { output, input, preset }: Pick<EncodeNeeds, 'output' | 'input' | 'preset'>,
): number {
  const frames = countEncoderFrames(settings, preset);
  const frameBytes = output.width * output.height * 1.5;
  return Math.round(BASE_BYTES + frames * frameBytes + INPUT_FRAMES * input.width * input.height * 4);
}

function toMib(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}
