import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HLS_NAMES, isHlsSegmentName, JobError, type FrameSize } from '@tapedeck/contracts';
import { readWrittenText } from '../ffmpeg/written-files.ts';
import { expect } from '../verify/expect.ts';
import type { FrameRate } from './frame-rate.ts';
import { readH264Codec } from './h264-codec.ts';
import { targetDurationSec } from './playlists.ts';
import type { Rendition } from './renditions.ts';
import type { Source } from './source.ts';

export interface Segment {
  /** Relative to the playlist. */
  uri: string;
  durationSec: number;
  sizeBytes: number;
}

/** What an encoded rendition turned out to be. */
export interface MeasuredRendition {
  name: string;
  size: FrameSize | undefined;
  frameRate: FrameRate | undefined;
  /** RFC 6381. */
  codecs: string;
  /** Bits per second, by RFC 8216, 4.3.4.2. */
  peakBandwidth: number;
  averageBandwidth: number;
  playlistName: string;
  segments: readonly Segment[];
}

/** AAC-LC, which is what FFmpeg's own encoder makes. */
export const AAC_LC = 'mp4a.40.2';

/**
 * Looks at what FFmpeg wrote for a rendition.
 * @param cwd the workspace
 * @param complaints what it said, though it ended well
 * @throws JobError MEDIA_UNDECODABLE when it complained and wrote nothing; ENCODE_OUTPUT_INVALID when it only wrote nothing
 */
export async function measureRendition(
  cwd: string,
  rendition: Rendition,
  source: Source,
  complaints = '',
): Promise<MeasuredRendition> {
  const playlistName = HLS_NAMES.playlist(rendition.name);
  const entries = parseSegments(await readWrittenText(join(cwd, playlistName)));
  if (entries.length === 0 && complaints !== '')
    throw new JobError('MEDIA_UNDECODABLE', 'nothing of it could be decoded');
  expect(entries.length > 0, `${playlistName}: segments`, 'at least one', 0);
  for (const { uri } of entries) {
    expect(isHlsSegmentName(`${rendition.name}/${uri}`), `${playlistName}: segment`, 'a name that we gave', uri);
  }
  const segments = await Promise.all(
    entries.map(async (entry) => ({ ...entry, sizeBytes: await measureFile(join(cwd, rendition.name), entry.uri) })),
  );
  const videoCodec = source.picture && (await readH264Codec(join(cwd, rendition.name, segments[0]!.uri)));
  return {
    name: rendition.name,
    size: source.picture && { width: rendition.width, height: rendition.height },
    frameRate: source.picture?.frameRate,
    codecs: [videoCodec, source.sound && AAC_LC].filter((codec) => codec !== undefined).join(','),
    ...measureBandwidth(segments, targetDurationSec(segments)),
    playlistName,
    segments,
  };
}

async function measureFile(dir: string, name: string): Promise<number> {
  const { size } = await stat(join(dir, name)).catch(() => ({ size: 0 }));
  expect(size > 0, name, 'a segment', 'nothing');
  return size;
}

/** What a media playlist lists, ours or the one that the encoder leaves. */
export function parseSegments(text: string): Pick<Segment, 'uri' | 'durationSec'>[] {
  return [...text.matchAll(/^#EXTINF:([\d.]+),[^\n]*\n([^#\n]+)$/gm)].map(([, durationSec, uri]) => ({
    uri: uri!.trim(),
    durationSec: Number(durationSec),
  }));
}

/**
 * The peak is the largest bit rate of any run of segments that lasts half to one and a half target durations; where the
 * whole stream is shorter than that, its own.
 */
export function measureBandwidth(
  segments: readonly Pick<Segment, 'durationSec' | 'sizeBytes'>[],
  targetSec: number,
): { peakBandwidth: number; averageBandwidth: number } {
  const bitRate = (bytes: number, sec: number): number => Math.ceil((bytes * 8) / Math.max(sec, 0.001));
  const totalSec = segments.reduce((sum, { durationSec }) => sum + durationSec, 0);
  const totalBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const averageBandwidth = bitRate(totalBytes, totalSec);
  let peakBandwidth = averageBandwidth;
  for (const first of segments.keys()) {
    let sec = 0;
    let bytes = 0;
    for (let last = first; last < segments.length && sec < 1.5 * targetSec; last += 1) {
      sec += segments[last]!.durationSec;
      bytes += segments[last]!.sizeBytes;
      const counts = sec >= 0.5 * targetSec && sec <= 1.5 * targetSec;
      if (counts) peakBandwidth = Math.max(peakBandwidth, bitRate(bytes, sec));
    }
  }
  return { peakBandwidth, averageBandwidth };
}
