import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { HlsOutput, JobView } from '@tapedeck/contracts';
import { readMaster, readRendition, type Rendition, type Variant } from '../hls-check.ts';
import { ffmpeg } from './clip.ts';
import type { Picture } from './test-card.ts';
import { hlsOutput, type Stack } from '../stack.ts';

/** A JPEG as pixels. */
export async function decodeStill(jpeg: Buffer): Promise<Picture> {
  const ppm = await ffmpeg(['-i', 'pipe:0', '-pix_fmt', 'rgb24', '-c:v', 'ppm', '-f', 'image2pipe', 'pipe:1'], [jpeg]);
  const [header, width, height] = /^P6\s(\d+) (\d+)\s255\s/.exec(ppm.toString('latin1', 0, 40))!;
  return { width: Number(width), height: Number(height), rgb: ppm.subarray(header.length) };
}

export interface ConvertedVideo {
  job: JobView;
  output: HlsOutput;
  /** What the callback said of the result. */
  told: Record<string, unknown>;
  variants: Variant[];
}

/** The own size of most fixtures, and a smaller one. */
export const TWO_RUNGS = [
  { name: 'big', height: 180 },
  { name: 'small', height: 120 },
];

/** Serves a file, has it converted, and waits for the callback. @throws Error with the job's error */
export async function convertVideo(stack: Stack, path: string, changes: object = {}): Promise<ConvertedVideo> {
  const videoUrl = stack.source.serve(`/${crypto.randomUUID()}/${basename(path)}`, await readFile(path));
  const { body } = await stack.post(stack.videoRequest(videoUrl, { ladder: TWO_RUNGS, ...changes }));
  if (!body.jobId) throw new Error(`not accepted: ${JSON.stringify(body)}`);
  const job = await stack.finished(body.jobId);
  const output = hlsOutput(job);
  const [callback] = await stack.receiver.waitFor(body.jobId);
  const variants = await readMaster(join(stack.dataDir, 'storage', 'media', job.slug, 'master.m3u8'));
  return { job, output, told: callback!.event, variants };
}

/**
 * Decodes every rendition.
 * @throws AssertionError unless the playlists, the callback and the files say the same
 */
export async function readRenditions({ output, told, variants }: ConvertedVideo): Promise<Record<string, Rendition>> {
  const names = output.renditions.map(({ name }) => name);
  assertSame('callback', [told.duration, told.renditions], [output.duration, output.renditions]);
  assertSame('master', variants.map(nameOf), names);
  const read: Record<string, Rendition> = {};
  for (const [index, { path, codecs, bandwidth, resolution }] of variants.entries()) {
    const rendition = await readRendition(path);
    const { video, audio } = rendition;
    const said = output.renditions[index]!;
    const size = video?.size.join('x');
    assertSame('size', [said.width && `${said.width}x${said.height}`, resolution], [size ?? null, size]);
    assertSame('codecs', codecs.replaceAll(/\.\w+/g, ''), [video && 'avc1', audio && 'mp4a'].filter(Boolean).join());
    assertSame('bandwidth', bandwidth, said.bandwidth);
    read[names[index]!] = rendition;
  }
  return read;
}

/** By JSON: what comes from fetch and what jest's modules make have different prototypes. */
function assertSame(what: string, actual: unknown, expected: unknown): void {
  assert.equal(JSON.stringify(actual), JSON.stringify(expected), `${what}: ${JSON.stringify(actual)}`);
}

const nameOf = ({ path }: Variant): string => basename(dirname(path));
