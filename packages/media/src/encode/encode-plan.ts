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
 * The best settings whose estimated memory fits the budget.
 * @throws JobError ENCODE_MEMORY_INSUFFICIENT when not even the smallest fits: better said than killed.
 */
export function planEncode(needs: EncodeNeeds): EncodePlan {
  const choices = buildSettingsLadder(needs.preset, { threads: needs.threads, lookahead: LOOKAHEAD_FRAMES });
  const { choice, ...memory } = chooseWithinBudget(choices, {
    estimateBytes: (settings) => estimateEncodeBytes(settings, needs),
    budgetBytes: needs.budgetBytes,
    what: `${needs.output.width}x${needs.output.height}`,
  });
  return { ...choice, ...memory };
}

/** How a choice came to be, and what it is expected to take. */
export type MemoryPlan = Pick<EncodePlan, 'estimatedBytes' | 'budgetBytes' | 'reducedForMemory'>;

/**
 * The first choice that fits.
 * @param choices the best one first, the smallest last
 * @throws JobError ENCODE_MEMORY_INSUFFICIENT naming `what` is to be encoded, when none does
 */
export function chooseWithinBudget<Choice>(
  choices: readonly [Choice, ...Choice[]],
  needs: { estimateBytes(choice: Choice): number; budgetBytes: number | undefined; what: string },
): MemoryPlan & { choice: Choice } {
  const { estimateBytes, budgetBytes, what } = needs;
  const choice = choices.find((one) => estimateBytes(one) <= (budgetBytes ?? Infinity));
  if (choice !== undefined) {
    return { choice, estimatedBytes: estimateBytes(choice), budgetBytes, reducedForMemory: choice !== choices[0] };
  }
  const [least, budget] = [estimateBytes(choices.at(-1)!), budgetBytes ?? Infinity].map(toMib);
  throw new JobError('ENCODE_MEMORY_INSUFFICIENT', `${what} needs ${least} MiB, the budget is ${budget} MiB`);
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
