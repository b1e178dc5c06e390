import { join } from 'node:path';
import { HLS_NAMES, JobError } from '@tapedeck/contracts';
import { probeFile } from '../ffmpeg/probe.ts';
import type { MediaTools } from '../ffmpeg/tools.ts';
import { findStream, STREAM_GUARD } from '../verify/hls-streams.ts';
import { parseFrameRate } from './frame-rate.ts';
import { readH264Codec } from './h264-codec.ts';
import { AAC_LC, measureBandwidth, type MeasuredRendition, type Segment } from './measure-rendition.ts';
import { targetDurationSec } from './playlists.ts';

export interface PublishedRendition {
  name: string;
  /** As its media playlist lists them, and the store has them; at least one. */
  segments: readonly Segment[];
}

/**
 * What the master playlist says of a rendition, found out anew from what is published.
 * @param first the first of its segments
 * @throws JobError MEDIA_UNDECODABLE, ENCODE_OUTPUT_INVALID: it is no segment of ours
 */
export async function describePublished(
  tools: MediaTools,
  first: { cwd: string; fileName: string; signal: AbortSignal },
  { name, segments }: PublishedRendition,
): Promise<MeasuredRendition> {
  const probe = await probeFile(tools, { ...first, guard: STREAM_GUARD });
  const [video, audio] = [findStream(probe, 'video'), findStream(probe, 'audio')];
  if (!video && !audio) throw new JobError('ENCODE_OUTPUT_INVALID', 'expected a segment with picture or sound');
  const videoCodec = video && (await readH264Codec(join(first.cwd, first.fileName)));
  return {
    name,
    size: video && { width: video.width ?? 0, height: video.height ?? 0 },
    frameRate: video && (parseFrameRate(video.r_frame_rate) ?? parseFrameRate(video.avg_frame_rate)),
    codecs: [videoCodec, audio && AAC_LC].filter((codec) => codec !== undefined).join(','),
    ...measureBandwidth(segments, targetDurationSec(segments)),
    playlistName: HLS_NAMES.playlist(name),
    segments,
  };
}
