import { framesPerSec } from './frame-rate.ts';
import type { MeasuredRendition, Segment } from './measure-rendition.ts';

/** The master playlist (RFC 8216, 4.3.4), the largest rendition first. */
export function buildMasterPlaylist(renditions: readonly MeasuredRendition[]): string {
  const variants = renditions.map((rendition) => {
    const { peakBandwidth, averageBandwidth, codecs, size, frameRate, playlistName } = rendition;
    const attributes = [
      `BANDWIDTH=${peakBandwidth}`,
      `AVERAGE-BANDWIDTH=${averageBandwidth}`,
      `CODECS="${codecs}"`,
      ...(size ? [`RESOLUTION=${size.width}x${size.height}`] : []),
      ...(frameRate ? [`FRAME-RATE=${framesPerSec(frameRate).toFixed(3)}`] : []),
    ];
    return `#EXT-X-STREAM-INF:${attributes.join(',')}\n${playlistName}\n`;
  });
  return `#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n${variants.join('')}`;
}

/**
 * A media playlist of a whole recording (RFC 8216, 4.3.3). Ours rather than the encoder's, which rounds a target duration
 * below half a second to none, and says of pictures only that segments are independent.
 */
export function buildMediaPlaylist(segments: readonly Segment[]): string {
  const entries = segments.map(({ uri, durationSec }) => `#EXTINF:${durationSec.toFixed(6)},\n${uri}\n`);
  return [
    '#EXTM3U\n#EXT-X-VERSION:6\n',
    `#EXT-X-TARGETDURATION:${targetDurationSec(segments)}\n`,
    '#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n',
    ...entries,
    '#EXT-X-ENDLIST\n',
  ].join('');
}

/** At least what the longest segment rounds to (RFC 8216, 4.3.3.1), and never nothing. */
export function targetDurationSec(segments: readonly Pick<Segment, 'durationSec'>[]): number {
  return Math.max(1, ...segments.map(({ durationSec }) => Math.round(durationSec)));
}
