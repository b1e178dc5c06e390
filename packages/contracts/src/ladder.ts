import { z } from 'zod';
import type { X264Preset } from './x264-preset.ts';

/**
 * One rung of a ladder: what a rendition may be at most. A source that is smaller keeps its own size.
 */
const rungSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, 'expected 1 to 32 of a-z, 0-9 and hyphen, no hyphen at the ends')
    .describe('What its folder is called; each rung another.'),
  height: z.number().int().min(16).max(4320).describe('The most that the short side may have, in pixels.'),
  // Below one x264 is lossless, in a profile that browsers do not play.
  crf: z
    .number()
    .min(1)
    .max(51)
    .optional()
    .describe('Constant rate factor of x264; lower is better and larger. 28 when nothing is said.'),
  bitrateKbps: z
    .number()
    .int()
    .min(50)
    .max(100_000)
    .optional()
    .describe('Ceiling for the picture, kilobits per second. Follows from the height when nothing is said.'),
  audioKbps: z.number().int().min(32).max(320).optional().describe('Kilobits per second. 128 when nothing is said.'),
});

export type Rung = Required<z.output<typeof rungSchema>>;

export interface Ladder {
  preset: X264Preset;
  /** The highest first. */
  rungs: readonly [Rung, ...Rung[]];
}

const MOBILE: readonly [Rung, Rung] = [
  { name: '720p', height: 720, crf: 28, bitrateKbps: 2500, audioKbps: 128 },
  { name: '480p', height: 480, crf: 28, bitrateKbps: 1200, audioKbps: 96 },
];

export const LADDER_NAMES = ['mobile', 'mobile-1080', 'web'] as const;
export type LadderName = (typeof LADDER_NAMES)[number];

const LADDERS: Record<LadderName, Ladder> = {
  mobile: { preset: 'veryfast', rungs: MOBILE },
  'mobile-1080': {
    preset: 'veryfast',
    rungs: [{ name: '1080p', height: 1080, crf: 28, bitrateKbps: 4000, audioKbps: 160 }, ...MOBILE],
  },
  web: {
    preset: 'fast',
    rungs: [
      { name: 'high', height: 1080, crf: 23, bitrateKbps: 5000, audioKbps: 128 },
      { name: 'medium', height: 480, crf: 28, bitrateKbps: 2500, audioKbps: 128 },
      { name: 'low', height: 360, crf: 32, bitrateKbps: 1000, audioKbps: 128 },
    ],
  },
};

const MAX_RUNGS = 6;

const rungListSchema = z
  .array(rungSchema)
  .min(1)
  .max(MAX_RUNGS)
  .refine((rungs) => new Set(rungs.map(({ name }) => name)).size === rungs.length, {
    error: 'expected rungs of different names',
  });

const NAME_OR_LIST = `expected ${LADDER_NAMES.map((name) => `"${name}"`).join(', ')} or a list of rungs`;

/** A ladder as a request names it: by name, or as a list of its own. */
export const ladderSchema = z
  .preprocess(
    (value, context) => {
      if (Array.isArray(value)) {
        // The union's errors name neither the rung nor the field.
        const { error } = rungListSchema.safeParse(value, { reportInput: true });
        for (const issue of error?.issues ?? []) context.issues.push({ ...issue } as z.core.$ZodRawIssue);
      } else if (!LADDER_NAMES.some((known) => known === value)) {
        context.issues.push({ code: 'custom', message: NAME_OR_LIST, input: value });
      }
      return value;
    },
    z.union([z.enum(LADDER_NAMES), rungListSchema]),
  )
  .describe("By name, or 1 to 6 rungs of one's own. Never upscaled. Without one the worker's HLS_LADDER decides.");
export type LadderChoice = z.output<typeof ladderSchema>;

/** What a rung of a caller's own says nothing about. */
const CUSTOM_PRESET: X264Preset = 'veryfast';
const CUSTOM_CRF = 28;
const CUSTOM_AUDIO_KBPS = 128;

/** The ladder that a request asks for, complete, highest rung first. */
export function resolveLadder(choice: LadderChoice): Ladder {
  if (typeof choice === 'string') return LADDERS[choice];
  const rungs = choice.map(({ name, height, crf, bitrateKbps, audioKbps }) => ({
    name,
    height,
    crf: crf ?? CUSTOM_CRF,
    bitrateKbps: bitrateKbps ?? defaultBitrateKbps(height),
    audioKbps: audioKbps ?? CUSTOM_AUDIO_KBPS,
  }));
  const [highest, ...lower] = rungs.sort((a, b) => b.height - a.height);
  return { preset: CUSTOM_PRESET, rungs: [highest!, ...lower] };
}

/** Through `mobile`'s rungs: 2500k at 720, 1200k at 480, and on along that curve. */
function defaultBitrateKbps(height: number): number {
  return Math.max(150, Math.round(2500 * (height / 720) ** 1.8));
}
