import { z } from 'zod';

const seconds = z.number().min(0).describe('Seconds.');
const bytes = z.int().min(0);
const pixels = z.int().min(1);
const sizeInPixels = z.tuple([pixels, pixels]).describe('[width, height] in pixels.');
const url = z.string();

/** What a finished tape is, as the callback and the job's `output` tell it. */
export const tapeOutputSchema = z.object({
  mp4Url: url.describe("In the caller's own style: a raw | that came in goes out raw."),
  posterUrl: url.optional().describe('Absent when the request wanted none.'),
  duration: seconds,
  size: bytes.describe('Bytes of the MP4.'),
  resolution: sizeInPixels,
});
export type TapeOutput = z.output<typeof tapeOutputSchema>;

export const renditionOutputSchema = z.object({
  name: z.string(),
  width: pixels.nullable().describe('Pixels; null for sound alone.'),
  height: pixels.nullable().describe('Pixels; null for sound alone.'),
  bandwidth: z.int().min(0).describe('The measured peak, bits per second, as the master playlist says it.'),
  playlistUrl: url,
});
export type RenditionOutput = z.output<typeof renditionOutputSchema>;

/** What a finished video is. */
export const hlsOutputSchema = z.object({
  hlsUrl: url.describe('The master playlist.'),
  posterUrl: url.optional().describe('Absent for sound without a cover.'),
  storyboardUrl: url.optional().describe('WebVTT with the pictures of the seek bar, when the request asked for it.'),
  duration: seconds,
  size: bytes.describe('Bytes of everything that was published.'),
  resolution: sizeInPixels
    .nullable()
    .describe('[width, height] of the largest rendition in pixels; null for sound alone.'),
  renditions: z.array(renditionOutputSchema).describe('The largest first.'),
});
export type HlsOutput = z.output<typeof hlsOutputSchema>;

export const jobOutputSchema = z.union([tapeOutputSchema, hlsOutputSchema]);
export type JobOutput = z.output<typeof jobOutputSchema>;

export function isTapeOutput(output: JobOutput): output is TapeOutput {
  return 'mp4Url' in output;
}
