import type { X264Preset } from '@tapedeck/contracts';
import { chooseWithinBudget, type MemoryPlan } from '../encode/encode-plan.ts';
import { buildSettingsLadder, countEncoderFrames, type X264Settings } from '../encode/x264-settings.ts';
import type { Rendition } from './renditions.ts';
import type { PictureTrack } from './source.ts';

/** How a ladder is encoded within its memory. */
export interface HlsEncodePlan extends MemoryPlan {
  /** The same for every rendition: other settings would shift the renditions' time stamps against each other. */
  settings: X264Settings;
  decoderThreads: number;
  /** What each run of FFmpeg encodes; one run for all wherever it fits. Decoding twice is the dearest way to save. */
  passes: readonly (readonly Rendition[])[];
}

export interface HlsEncodeNeeds {
  picture: PictureTrack;
  renditions: readonly Rendition[];
  preset: X264Preset;
  threads: number;
  budgetBytes: number | undefined;
}

type Choice = Omit<HlsEncodePlan, keyof MemoryPlan>;

/** Of `veryfast` its own; of the slower ones less: what the rest gains is under one per cent, each picture is memory. */
const lookaheadOf = (preset: X264Preset): number => (preset === 'veryfast' ? 10 : 20);

/**
 * The first choice whose estimated memory fits the budget: smaller settings before fewer renditions at once.
 * @throws JobError ENCODE_MEMORY_INSUFFICIENT when not even one rendition at a time fits with the smallest settings
 */
export function planHlsEncode(needs: HlsEncodeNeeds): HlsEncodePlan {
  const { codec, decoded } = needs.picture;
  const { choice, ...memory } = chooseWithinBudget(listChoices(needs), {
    estimateBytes: (one) => estimateHlsBytes(one, needs),
    budgetBytes: needs.budgetBytes,
    what: `${codec} of ${decoded.width}x${decoded.height}`,
  });
  return { ...choice, ...memory };
}

/** Best first. Without any lookahead a stream is half as large again: one decoder thread goes before that. */
function listChoices({ renditions, preset, threads }: HlsEncodeNeeds): [Choice, ...Choice[]] {
  const ladder = buildSettingsLadder(preset, { threads, lookahead: lookaheadOf(preset) });
  const [full, ...smaller] = ladder;
  const smallest = smaller.pop()!;
  const together = [renditions];
  const oneByOne = renditions.map((rendition) => [rendition]);
  return [
    { settings: full, decoderThreads: threads, passes: together },
    ...smaller.map((settings) => ({ settings, decoderThreads: threads, passes: together })),
    ...smaller.map((settings) => ({ settings, decoderThreads: 1, passes: together })),
    { settings: smallest, decoderThreads: 1, passes: together },
    ...ladder.map((settings) => ({ settings, decoderThreads: 1, passes: oneByOne })),
  ];
}

/** FFmpeg and its libraries, the sound and the stills. */
const BASE_BYTES = 130e6;
/** Decoded pictures on their way to the filters, and in them. */
const IN_FLIGHT_FRAMES = 5;
const FRAMES_PER_DECODER_THREAD = 2;
/** The deinterlacer looks before and behind, once for each graph. */
const DEINTERLACER_FRAMES = 14;
/** Linear light is 32-bit float in three planes. */
const FLOAT_BYTES_PER_PIXEL = 12;
const FLOAT_FRAMES = 10;
/** RGB with transparency, before it is put on black. */
const ALPHA_FRAMES = 3;
const ALPHA_BYTES_PER_PIXEL = 4;

/** Peak resident memory of the largest pass, fitted to FFmpeg 7.1 (docs/decisions/0004): meant to err upwards. */
export function estimateHlsBytes({ settings, decoderThreads, passes }: Choice, needs: HlsEncodeNeeds): number {
  return Math.max(...passes.map((pass) => estimatePassBytes(settings, decoderThreads, pass, needs)));
}

function estimatePassBytes(
  settings: X264Settings,
  decoderThreads: number,
  pass: readonly Rendition[],
  { picture, preset }: HlsEncodeNeeds,
): number {
  const encoderFrames = countEncoderFrames(settings, preset);
  const encoderBytes = pass.reduce((sum, { width, height }) => sum + encoderFrames * width * height * 1.5, 0);
  return Math.round(
    BASE_BYTES + estimateInputBytes(picture, decoderThreads) + estimateColourBytes(picture, pass[0]!) + encoderBytes,
  );
}

function estimateInputBytes(picture: PictureTrack, decoderThreads: number): number {
  const { decoded, bytesPerPixel, isInterlaced } = picture;
  const frames =
    picture.referenceFrames +
    FRAMES_PER_DECODER_THREAD * decoderThreads +
    IN_FLIGHT_FRAMES +
    (isInterlaced ? DEINTERLACER_FRAMES : 0);
  return frames * decoded.width * decoded.height * bytesPerPixel;
}

function estimateColourBytes({ colour, hasAlpha, decoded }: PictureTrack, top: Rendition): number {
  const isToneMapped = colour.kind === 'pq' || colour.kind === 'hlg';
  const floatBytes = isToneMapped ? FLOAT_FRAMES * FLOAT_BYTES_PER_PIXEL * top.width * top.height : 0;
  const alphaBytes = hasAlpha ? ALPHA_FRAMES * ALPHA_BYTES_PER_PIXEL * decoded.width * decoded.height : 0;
  return floatBytes + alphaBytes;
}
