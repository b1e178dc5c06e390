import { framesPerSec } from './frame-rate.ts';
import type { MeasuredRendition } from './measure-rendition.ts';

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

/** Every URI that a playlist names: its lines that are neither tags nor comments (RFC 8216, 4.1). */
export function parsePlaylistUris(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
