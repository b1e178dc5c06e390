import type { X264Preset } from '@tapedeck/contracts';
import { memoryInsufficient } from '../encode/encode-plan.ts';
import { buildSettingsLadder, countEncoderFrames, type X264Settings } from '../encode/x264-settings.ts';
import type { Rendition } from './renditions.ts';
import type { PictureTrack } from './source.ts';

/** How a ladder is encoded within its memory. */
export interface HlsEncodePlan {
  /** The same for every rendition: other settings would shift the renditions' time stamps against each other. */
  settings: X264Settings;
  decoderThreads: number;
  /** What each run of FFmpeg encodes; one run for all wherever it fits. Decoding twice is the dearest way to save. */
  passes: readonly (readonly Rendition[])[];
  estimatedBytes: number;
  budgetBytes: number | undefined;
  reducedForMemory: boolean;
}

export interface HlsEncodeNeeds {
  picture: PictureTrack;
  renditions: readonly Rendition[];
  preset: X264Preset;
  threads: number;
  budgetBytes: number | undefined;
}

type Choice = Pick<HlsEncodePlan, 'settings' | 'decoderThreads' | 'passes'>;

/** x264's own, but never more: what a longer look ahead gains is under one per cent, what it holds is a frame each. */
const LOOKAHEAD: Partial<Record<X264Preset, number>> = { ultrafast: 0, superfast: 0, veryfast: 10 };
const MAX_LOOKAHEAD = 20;

/**
 * The first choice whose estimated memory fits the budget: smaller settings before fewer renditions at once.
 * @throws JobError ENCODE_MEMORY_INSUFFICIENT when not even one rendition at a time fits with the smallest settings
 */
export function planHlsEncode(needs: HlsEncodeNeeds): HlsEncodePlan {
  const choices = listChoices(needs);
  const budget = needs.budgetBytes ?? Infinity;
  const chosen = choices.find((choice) => estimateHlsBytes(choice, needs) <= budget);
  if (!chosen) {
    const { width, height } = needs.picture.decoded;
    const leastBytes = estimateHlsBytes(choices.at(-1)!, needs);
    throw memoryInsufficient(`${needs.picture.codec} of ${width}x${height}`, leastBytes, budget);
  }
  return {
    ...chosen,
    estimatedBytes: estimateHlsBytes(chosen, needs),
    budgetBytes: needs.budgetBytes,
    reducedForMemory: chosen !== choices[0],
  };
}

function listChoices({ renditions, preset, threads }: HlsEncodeNeeds): [Choice, ...Choice[]] {
  const lookahead = LOOKAHEAD[preset] ?? MAX_LOOKAHEAD;
  const ladder = buildSettingsLadder(preset, { threads, lookahead });
  const together = [renditions];
  const oneByOne = renditions.map((rendition) => [rendition]);
  const choose = (settings: X264Settings, decoderThreads: number, passes: Choice['passes']): Choice => ({
    settings,
    decoderThreads,
    passes,
  });
  const [full, ...smaller] = ladder;
  return [
    choose(full, threads, together),
    ...smaller.map((settings) => choose(settings, threads, together)),
    ...ladder.map((settings) => choose(settings, 1, together)),
    ...ladder.map((settings) => choose(settings, 1, oneByOne)),
  ];
}

/** FFmpeg and its libraries, before the first picture. */
const BASE_BYTES = 110e6;
/** Decoded pictures on their way to the filters, and in them. */
const IN_FLIGHT_FRAMES = 10;
/** Linear light is 32-bit float in three planes; the tone mapper holds a few of them. */
const FLOAT_BYTES_PER_PIXEL = 12;
const FLOAT_FRAMES = 4;

/** Peak resident memory of the largest pass. */
export function estimateHlsBytes({ settings, decoderThreads, passes }: Choice, needs: HlsEncodeNeeds): number {
  return Math.max(...passes.map((pass) => estimatePassBytes(settings, decoderThreads, pass, needs)));
}

function estimatePassBytes(
  settings: X264Settings,
  decoderThreads: number,
  pass: readonly Rendition[],
  { picture, preset }: HlsEncodeNeeds,
): number {
  const codedBytes = picture.decoded.width * picture.decoded.height * picture.bytesPerPixel;
  const inputBytes = (referenceFrames(picture.codec) + decoderThreads + IN_FLIGHT_FRAMES) * codedBytes;
  const top = pass[0]!;
  const isToneMapped = picture.colour.kind === 'pq' || picture.colour.kind === 'hlg';
  const floatBytes = isToneMapped ? FLOAT_FRAMES * FLOAT_BYTES_PER_PIXEL * top.width * top.height : 0;
  const encoderFrames = countEncoderFrames(settings, preset);
  const encoderBytes = pass.reduce((sum, { width, height }) => sum + encoderFrames * width * height * 1.5, 0);
  return Math.round(BASE_BYTES + inputBytes + floatBytes + encoderBytes);
}

/** Pictures that a decoder must keep to decode the next. */
function referenceFrames(codec: string): number {
  if (['h264', 'hevc'].includes(codec)) return 16;
  if (['av1', 'vp9', 'vp8'].includes(codec)) return 9;
  return 3;
}
