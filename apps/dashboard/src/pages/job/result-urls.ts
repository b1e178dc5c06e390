import type { JobOutput } from '@tapedeck/contracts';

export interface ResultUrl {
  label: string;
  url: string;
  /** What else is known of it: `1280 × 720, 1,461 kbit/s`. */
  note?: string;
}

/** Every address that a result has told its caller. */
export function listUrls(output: JobOutput): ResultUrl[] {
  const stills = (name: string, url: string | undefined): ResultUrl[] =>
    url === undefined ? [] : [{ label: name, url }];
  if ('mp4Url' in output) return [{ label: 'MP4', url: output.mp4Url }, ...stills('Poster', output.posterUrl)];
  const renditions = output.renditions.map(({ name, width, height, bandwidth, playlistUrl }) => {
    const size = width === null || height === null ? 'sound' : `${width} × ${height}`;
    return { label: name, url: playlistUrl, note: `${size}, ${Math.round(bandwidth / 1000)} kbit/s at most` };
  });
  return [
    { label: 'Stream', url: output.hlsUrl, note: 'the master playlist' },
    ...renditions,
    ...stills('Poster', output.posterUrl),
    ...stills('Storyboard', output.storyboardUrl),
  ];
}
